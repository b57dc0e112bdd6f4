"""A planted archive through collect, clean, dedupe, split, decontaminate, filter and the check of authorship.

    python -m benchmarks.planted [--small] [--seed 0] [--documents 400]

Own texts are Chesterton's four books in documents of some 600 words, others' those of two essayists and an assistant
model who are *not* among the contrast authors (the other five essayists and the rest of the assistant's answers);
`--small` takes the shipped sample's posts and needs no test data. Reported are recall and precision of every removal,
and whether anything was lost without a record. No servers.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.planted_archive import ADDRESS, AUTHOR, HANDLE, QUOTED, Planted, Value, build, documents_of
from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.documents import (
    BlockStyle,
    CleanDocument,
    CorpusDocument,
    DocumentKind,
    Passage,
    Rejection,
    Role,
    Split,
)
from twin_data.scoring.sentences import grams
from twin_data.sources import collect
from twin_data.sources.contrast import read_contrast
from twin_data.statistics import wilson_interval
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import authorship, clean, decontaminate, dedupe, quality, split
from twin_data.transform.authorship import AuthorshipConfig, AuthorshipInputs, AuthorshipJudgement
from twin_data.transform.identifiers import PLACEHOLDER

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PERSONAS = Path(__file__).resolve().parent.parent / "personas"
PUBLISHER = "Standard Ebooks"
UNSEEN = ("hilaire-belloc", "john-stuart-mill")
UNSEEN_BY_SAMPLE = ("eustace-varnhelm", "marisol-fennwright")
ANSWERS_A_DOCUMENT = 5
Texts = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Outcome:
    """What each stage made of the archive."""

    collected: collect.Collected
    cleaned: clean.Cleaned
    unique: dedupe.Deduplicated
    separated: pl.DataFrame
    exclusions: tuple[Rejection, ...]
    filtered: quality.Filtered
    judged: authorship.Judged
    seconds: dict[str, float]

    @property
    def rejections(self) -> list[Rejection]:
        """Of all stages."""
        tables = (self.unique.rejections, self.filtered.rejections, self.judged.rejections)
        return [
            *self.collected.rejections,
            *self.cleaned.rejections,
            *(row for table in tables for row in to_rows(table, Rejection)),
        ]

    @property
    def documents(self) -> tuple[CorpusDocument, ...]:
        """What is left in the end."""
        return to_rows(self.judged.documents, CorpusDocument)


@dataclass(frozen=True)
class Rate:
    """So many of so many."""

    name: str
    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share; of nothing, all."""
        return self.hits / self.total if self.total else 1.0


def persona() -> PersonaConfig:
    """Whose archive it is."""
    return PersonaConfig(
        name="planted",
        display_name=AUTHOR,
        author=Author(name=AUTHOR, aliases=(HANDLE, ADDRESS)),
        owner="nobody",
        licence="public domain",
        consent=Consent(statement="An invented author of old texts.", given_by="nobody", date=date(2026, 1, 1)),
    )


def run_stages(planted: Planted, contrast: Texts, *, config: AuthorshipConfig | None = None) -> Outcome:
    """The archive through every stage that needs no server."""
    seconds: dict[str, float] = {}
    clock = time.process_time()

    def done(stage: str) -> None:
        nonlocal clock
        seconds[stage], clock = time.process_time() - clock, time.process_time()

    collected = collect.run(collect.CollectInputs(persona=persona(), sources_folder=planted.sources))
    done("collect")
    own_names = frozenset({AUTHOR, HANDLE, ADDRESS})
    cleaned = clean.run(clean.CleanInputs(collected.documents, own_names), config=clean.CleanConfig())
    done("clean")
    unique = dedupe.run(to_frame(cleaned.documents, CleanDocument), config=dedupe.DedupeConfig())
    done("dedupe")
    separated = split.run(unique.documents, config=split.SplitConfig())
    excluded = to_rows(decontaminate.run(separated, config=decontaminate.DecontaminateConfig()), Rejection)
    done("split and decontaminate")
    filtered = quality.run(separated, config=quality.QualityConfig())
    done("filter")
    given = AuthorshipInputs(filtered.documents.select(list(CorpusDocument.model_fields)), contrast)
    judged = authorship.run(given, config=config or AuthorshipConfig())
    done("authorship")
    return Outcome(collected, cleaned, unique, separated, excluded, filtered, judged, seconds)


# Measures


def measure(planted: Planted, outcome: Outcome) -> list[Rate]:
    """Recall and precision of each removal."""
    return [
        *_archive_rates(planted, outcome),
        *_value_rates(planted, outcome),
        *_copy_rates(planted, outcome),
        *_attribution_rates(planted, outcome),
        _overlap(outcome),
    ]


def unreported(planted: Planted, outcome: Outcome) -> list[str]:
    """Everything that went in and is neither in a document nor in a rejection with a reason."""
    return [
        *_lost_files(planted, outcome),
        *_lost_text(planted, outcome),
        *_lost_in_cleaning(outcome),
        *_lost_rows(outcome),
    ]


def _lost_files(planted: Planted, outcome: Outcome) -> Iterator[str]:
    """Files of which no document and no rejection speaks."""
    ids = [one.document_id for one in (*outcome.collected.documents, *outcome.collected.rejections)]
    named = {one.partition("#")[0] for one in ids}
    for path in sorted(one for one in planted.sources.rglob("*") if one.is_file()):
        relative = path.relative_to(planted.sources).as_posix()
        stem = relative.removesuffix(".zip")
        known = {relative, stem, relative.rpartition("/")[0]} if relative.startswith("slack/") else {relative}
        rosters = {"slack/users.json", "slack/channels.json"}
        if not (known & named or relative in rosters or any(one.startswith(f"{stem}/") for one in named)):
            if not any(one.startswith(stem) for one in named):
                yield f"file {relative}"


def _lost_text(planted: Planted, outcome: Outcome) -> Iterator[str]:
    """Paragraphs that a file held and its document does not, though nothing was recorded."""
    raw = {one.document_id: _squeezed(one.text) for one in outcome.collected.documents}
    furniture = {
        one.document_id: int(one.reason.split()[1].replace(",", ""))
        for one in outcome.collected.rejections
        if one.reason.startswith("page_furniture")
    }
    for path, paragraphs in planted.own.items():
        text = raw.get(path, "")
        for paragraph in (*paragraphs, *planted.quoted.get(path, ())):
            if _squeezed(paragraph) not in text and _squeezed(_plain_marks(paragraph)) not in text:
                yield f"{path}: {paragraph[:60]}"
    for path, pieces in planted.furniture.items():
        if furniture.get(path, 0) < sum(len(one.split()) for one in pieces):
            yield f"{path}: furniture of {furniture.get(path, 0)} words"


def _lost_in_cleaning(outcome: Outcome) -> Iterator[str]:
    """Raw text less what rejections name must be the clean text less its placeholders, white space aside."""
    cleaned = {one.document_id: one for one in outcome.cleaned.documents}
    removed: dict[str, list[Rejection]] = {}
    for one in outcome.cleaned.rejections:
        removed.setdefault(one.document_id, []).append(one)
    for raw in outcome.collected.documents:
        spans = sorted((one.start, one.end) for one in removed.get(raw.document_id, ()))
        rest, at = "", 0
        for start, end in spans:
            rest += raw.text[at : max(at, start)]
            at = max(at, end)
        rest += raw.text[at:]
        left = cleaned[raw.document_id].text if raw.document_id in cleaned else ""
        if _squeezed(PLACEHOLDER.sub("", left)) != _squeezed(rest):
            yield f"cleaning of {raw.document_id}"


def _lost_rows(outcome: Outcome) -> Iterator[str]:
    """Documents that a stage neither hands on nor rejects."""
    collected = {one.document_id for one in outcome.collected.documents}
    cleaned = {one.document_id for one in outcome.cleaned.documents}
    filtered = set(outcome.filtered.documents["document_id"])
    steps = [
        ("clean", collected, cleaned),
        ("dedupe", cleaned, set(outcome.unique.documents["document_id"])),
        ("filter", set(outcome.separated["document_id"]), filtered),
        ("authorship", filtered, {one.document_id for one in outcome.documents}),
    ]
    rejected = {(one.stage, one.document_id) for one in outcome.rejections}
    for stage, before, after in steps:
        yield from (f"{stage}: {one}" for one in sorted(before - after) if (stage, one) not in rejected)


def _archive_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    ids = {one.document_id for one in outcome.collected.documents}
    refused = {one.document_id for one in outcome.collected.rejections if one.reason.startswith("unreadable")}
    safe = [one for one in planted.attacks if any(it.startswith(one) for it in refused)]
    yield Rate("attacking archives refused by name", len(safe), len(planted.attacks))
    reported = {one.document_id for one in outcome.collected.rejections}
    yield Rate("broken files and rows reported", sum(one in reported for one in planted.broken), len(planted.broken))
    yield Rate("documents in their encodings read", sum(one in ids for one in planted.own), len(planted.own))


def _value_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    kept = "\n".join(f"{one.title}\n{one.text}" for one in outcome.cleaned.documents)
    shown = "\n".join(one.redacted_text for one in outcome.rejections)
    for name, values in (("secrets", planted.secrets), ("identities", planted.identities)):
        gone = [one for one in values if _value(one) not in kept and _value(one) not in shown]
        yield Rate(f"{name} gone from texts and records", len(gone), len(values))
    raw = {one.document_id: one.text for one in outcome.collected.documents}
    redactions = [one for one in outcome.cleaned.rejections if one.reason.startswith("redacted_")]
    # Correspondents stand in the headers of the mails, and are third parties as well.
    meant = [
        *planted.secrets,
        *planted.identities,
        *(Value("name", one) for one in QUOTED),
        Value("email", "a@b.example"),
    ]
    right = 0
    for one in redactions:
        value = raw[one.document_id][one.start : one.end]
        right += any(value in it.text or it.text in value for it in meant)
    yield Rate("redactions that are of something planted", right, len(redactions))
    yield Rate("figures and public names kept", sum(one.text in kept for one in planted.public), len(planted.public))


def _value(one: Value) -> str:
    """What must be gone: of an assignment the value, of a handle the handle as it is addressed."""
    if one.kind == "handle":
        return f"@{one.text}"
    if one.kind in {"password", "api key"}:
        return one.text.replace("=", ": ").split(": ")[1]
    if one.kind == "basic auth":
        return one.text.partition("@")[0].rpartition(":")[2]
    return one.text


def _copy_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    found = {one.document_id: one.reason.partition(" of ")[2] for one in to_rows(outcome.unique.rejections, Rejection)}
    pairs = {frozenset(pair) for pair in ((copy, of) for copy, (of, _) in planted.copies.items())}
    dropped = {frozenset(pair) for pair in found.items()}
    for share in sorted({share for _, share in planted.copies.values()}):
        mine = {frozenset((copy, of)) for copy, (of, it) in planted.copies.items() if it == share}
        yield Rate(f"near copies at {share:.0%} of the words", len(mine & dropped), len(mine))
    yield Rate("documents dropped as copies that are some", len(pairs & dropped), len(dropped))


@dataclass(frozen=True)
class Told:
    """A passage of the corpus: whose it is, and whose it was taken for."""

    by_other: bool
    taken_for_other: bool
    form: str
    words: int


def attribution(planted: Planted, outcome: Outcome) -> list[Told]:
    """Every passage of the documents that were kept, chats aside, where a roster says all."""
    told = []
    for document in outcome.documents:
        if document.kind is DocumentKind.CHAT or document.document_id not in planted.own:
            continue
        quoted = {_squeezed(_plain_marks(one)): one for one in planted.quoted.get(document.document_id, ())}
        is_foreign = document.document_id in planted.foreign
        for passage in document.passages:
            if passage.style is not BlockStyle.HEADING:
                told.append(_told(document, passage, quoted, is_foreign, planted))
    return told


def _told(
    document: CorpusDocument, passage: Passage, quoted: Mapping[str, str], is_foreign: bool, planted: Planted
) -> Told:
    text = passage.of(document.text)
    inside = _squeezed(_plain_marks(text))
    source = next(
        (whole for key, whole in quoted.items() if key and (key in inside or (inside in key and len(inside) > 40))),
        None,
    )
    is_line = len(text.split()) <= 14 and (
        text.startswith("—") or text.endswith("wrote:") or text[:5] in {"-----", "From:"}
    )
    form = (
        "unmarked document"
        if is_foreign
        else planted.forms.get(source or "", "line of attribution" if is_line else "own")
    )
    by_other = is_foreign or source is not None or is_line
    return Told(by_other, passage.role is not Role.OWN, form, len(text.split()))


def _attribution_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    told = [one for one in attribution(planted, outcome) if one.form != "line of attribution"]
    for form in sorted({one.form for one in told if one.by_other}):
        here = [one for one in told if one.form == form]
        yield Rate(f"passages by others found: {form}", sum(one.taken_for_other for one in here), len(here))
    theirs, taken = [one for one in told if one.by_other], [one for one in told if one.taken_for_other]
    hits = sum(one.by_other and one.taken_for_other for one in told)
    yield Rate("passages by others found: all (recall)", hits, len(theirs))
    yield Rate("passages taken for others' that are (precision)", hits, len(taken))


def f1(recall: float, precision: float) -> float:
    """Their harmonic mean."""
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _overlap(outcome: Outcome) -> Rate:
    """Runs of thirteen words of the training side, exclusions cut out, that the test side holds as well: none."""
    held_out = {gram for one in outcome.documents if one.split is Split.TEST for gram in grams(one.text, 13)}
    spans: dict[str, list[Rejection]] = {}
    for one in outcome.exclusions:
        spans.setdefault(one.document_id, []).append(one)
    shared = total = 0
    for document in outcome.documents:
        if document.split is Split.TRAIN:
            at, pieces = 0, []
            for one in sorted(spans.get(document.document_id, ()), key=lambda it: it.start):
                pieces.append(document.text[at : one.start])
                at = one.end
            for piece in (*pieces, document.text[at:]):
                found = list(grams(piece, 13))
                total += len(found)
                shared += sum(gram in held_out for gram in found)
    return Rate("training runs of 13 words that the test set has not", total - shared, total)


def _squeezed(text: str) -> str:
    """Without white space, and without characters that a page cannot show."""
    return "".join(one for one in text if not one.isspace() and one not in "\ufeff\u00ad\u200b\u2060")


def _plain_marks(text: str) -> str:
    return text.translate(str.maketrans('“”"', "‘’'"))


# Texts


def sample_texts() -> tuple[list[list[str]], dict[str, list[list[str]]], dict[str, tuple[str, ...]]]:
    """Documents of the shipped sample's author, of two contrast authors as the foreign ones, and other contrasts."""
    posts = _without_copies(read_contrast(PERSONAS / "sample" / "sources")["blog"])
    contrast = read_contrast(PERSONAS / "contrast")
    others = {name: documents_of(contrast[name], 150) for name in UNSEEN_BY_SAMPLE}
    return documents_of(posts, 250), others, {one: it for one, it in contrast.items() if one not in UNSEEN_BY_SAMPLE}


def _without_copies(texts: Sequence[str]) -> list[str]:
    """Those of which no other before holds a tenth: the sample has planted duplicates of its own."""
    kept: list[str] = []
    seen: set[str] = set()
    for text in texts:
        found = set(grams(text, 5))
        if len(found & seen) <= len(found) / 10:
            kept.append(text)
        seen |= found
    return kept


def book_texts(documents: int) -> tuple[list[list[str]], dict[str, list[list[str]]], dict[str, tuple[str, ...]]]:
    """Chesterton's; Belloc's, Mill's and a third of the assistant's answers as the foreign ones; other contrasts."""
    books = read_contrast(DATA / "personas" / "chesterton")
    own = [one for texts in books.values() for one in documents_of([it for it in texts if PUBLISHER not in it])]
    contrast = {
        name: tuple(text for text in texts if PUBLISHER not in text)
        for name, texts in read_contrast(DATA / "contrast").items()
    }
    lines = [
        line for path in sorted((DATA / "assistant").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    answers = [json.loads(line)["text"] for line in lines]
    machine = [
        [" ".join(text.split()) for text in answers[at : at + 3 * ANSWERS_A_DOCUMENT : 3]]
        for at in range(0, len(answers) - 3 * ANSWERS_A_DOCUMENT, 3 * ANSWERS_A_DOCUMENT)
    ]
    others = {name: documents_of(contrast[name]) for name in UNSEEN} | {"assistant": machine}
    seen = {name: texts for name, texts in contrast.items() if name not in UNSEEN}
    return own[:documents], others, seen | {"assistant": tuple(one for at, one in enumerate(answers) if at % 3)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="the shipped sample instead of the test data")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--documents", type=int, default=400, help="documents of Chesterton's, at most")
    arguments = parser.parse_args()
    if not arguments.small and not DATA.is_dir():
        raise SystemExit(f"{DATA} is absent: put the test data there, or take the shipped sample with --small")
    own, others, contrast = sample_texts() if arguments.small else book_texts(arguments.documents)
    with tempfile.TemporaryDirectory(prefix="twin-planted-") as scratch:
        planted = build(Path(scratch), own, others, seed=arguments.seed)
        outcome = run_stages(planted, contrast)
        report(planted, outcome)


def report(planted: Planted, outcome: Outcome) -> None:
    """Rates with Wilson's intervals, counted reasons, and what was lost."""
    print("| | share | of |\n|---|---|---|")
    rates = measure(planted, outcome)
    for rate in rates:
        low, high = wilson_interval(rate.hits, rate.total) if rate.total else (0.0, 1.0)
        print(f"| {rate.name} | {rate.value:.3f} [{low:.3f}, {high:.3f}] | {rate.hits:,} of {rate.total:,} |")
    by_name = {rate.name: rate.value for rate in rates}
    recall, precision = (by_name[name] for name in by_name if name.endswith(("(recall)", "(precision)")))
    print(f"\nAttribution F1 {f1(recall, precision):.3f}.")
    lost = unreported(planted, outcome)
    print(f"Lost without a record: {len(lost)}" + "".join(f"\n- {one}" for one in lost[:20]))
    judgements = to_rows(outcome.judged.judgements, AuthorshipJudgement)
    print(f"\n{authorship.summary(judgements)}.")
    foreign = [one.log_odds for one in judgements if one.document_id in planted.foreign and one.log_odds is not None]
    mine = [one.log_odds for one in judgements if one.document_id not in planted.foreign and one.log_odds is not None]
    print(f"Log-odds, foreign: {sorted(foreign)}; own, the least ten: {sorted(mine)[:10]}")
    reasons = Counter(f"{one.stage}: {one.reason.split(':')[0].split(' of ')[0]}" for one in outcome.rejections)
    print("\n" + "; ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items())))
    print("\nProcessor seconds: " + ", ".join(f"{stage} {value:.1f}" for stage, value in outcome.seconds.items()))
    marked = Counter(p.basis for d in outcome.documents for p in d.passages if p.role is not Role.OWN)
    print(
        "Others' passages by how that is known: " + ", ".join(f"{one} {count:,}" for one, count in marked.most_common())
    )


if __name__ == "__main__":
    main()
