"""A planted archive through collect, clean, dedupe, split, decontaminate, filter and the check of authorship.

    python -m benchmarks.planted [--small] [--seed 0] [--unseen AUTHOR,AUTHOR] [--documents 400]

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
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.planted_archive import ADDRESS, HANDLE, Planted, build, documents_of
from benchmarks.planted_forms import AUTHOR
from benchmarks.planted_measures import Outcome, f1, measure, unreported
from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.documents import (
    CleanDocument,
    CorpusDocument,
    Rejection,
    Role,
)
from twin_data.scoring.sentences import grams
from twin_data.sources import collect
from twin_data.sources.contrast import read_contrast
from twin_data.statistics import wilson_interval
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import authorship, clean, decontaminate, dedupe, quality, split
from twin_data.transform.authorship import AuthorshipConfig, AuthorshipInputs, AuthorshipJudgement

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PERSONAS = Path(__file__).resolve().parent.parent / "personas"
PUBLISHER = "Standard Ebooks"
UNSEEN = ("hilaire-belloc", "john-stuart-mill")
UNSEEN_BY_SAMPLE = ("eustace-varnhelm", "marisol-fennwright")
ANSWERS_A_DOCUMENT = 5
Texts = Mapping[str, Sequence[str]]


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


def book_texts(
    documents: int, unseen: Sequence[str]
) -> tuple[list[list[str]], dict[str, list[list[str]]], dict[str, tuple[str, ...]]]:
    """Chesterton's; the unseen authors' and a third of the assistant's answers as the foreign ones; other contrasts."""
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
    others = {name: documents_of(contrast[name]) for name in unseen} | {"assistant": machine}
    seen = {name: texts for name, texts in contrast.items() if name not in unseen}
    return own[:documents], others, seen | {"assistant": tuple(one for at, one in enumerate(answers) if at % 3)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="the shipped sample instead of the test data")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unseen", default=",".join(UNSEEN), help="contrast authors whose texts are planted")
    parser.add_argument("--documents", type=int, default=400, help="documents of Chesterton's, at most")
    arguments = parser.parse_args()
    if not arguments.small and not DATA.is_dir():
        raise SystemExit(f"{DATA} is absent: put the test data there, or take the shipped sample with --small")
    own, others, contrast = (
        sample_texts() if arguments.small else book_texts(arguments.documents, arguments.unseen.split(","))
    )
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
