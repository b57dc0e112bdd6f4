"""Sentences for hand labels: what a model wrote in evaluations, beside its passages and without any verdict.

    python -m benchmarks.label_rows EVALUATION... --into FOLDER [--texts] [--passages N]

An EVALUATION is a folder that `twin evaluate` wrote (`evaluations/PERSONA/BUNDLE/EXAM`). Writes `unlabelled.jsonl`, the
rows of docs/labelling.md without `label` and `note`, and `passages.jsonl`, the passages that they name, into FOLDER.
`--texts` takes the claims of the texts that the twin wrote, too; what was asked of them is not kept with them.

The rows of a question stand together, so that its passages are read once. Questions, and the rows of each, whichever
bundle they come from, are in an order drawn by a fixed seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from benchmarks.verifier_rows import PASSAGES_FILE, SEED, LabelPassage, UnlabelledSentence, cluster_of
from twin_data.contracts.answers import SentenceOutcome
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.releases import RetrievalSettings
from twin_data.scoring.sentences import content_stems, words
from twin_eval.answering import ANSWERS_FILE, DRAFTS_FILE
from twin_eval.records import AnswerRecord, SentenceSeen
from twin_eval.report import SCORED_FILE
from twin_eval.scorers import ScoredAnswer
from twin_eval.storage import complete_lines, write_atomically
from twin_serve.answering.drafting import CUT_OFF
from twin_serve.answering.drafts import tidy_sentence
from twin_serve.answering.verification import MIN_CONTENT_STEMS, REPEATED

UNLABELLED_FILE = "unlabelled.jsonl"
INSERTED = "the persona's own words"
"""The service's reason for a quotation that it put in itself."""
NOT_DRAFTED = frozenset({INSERTED, CUT_OFF, REPEATED})
"""Reasons that say that there is nothing to label; whether a sentence is true is none of them."""


def unlabelled_rows(
    records: Iterable[AnswerRecord], questions: Mapping[str, str], *, shown: int
) -> tuple[list[UnlabelledSentence], list[LabelPassage]]:
    """The distinct sentences of drafts that say something, and their passages.

    Args:
        records: Answers, of several bundles as they come.
        questions: What was asked, by the question's id; a written text's row has none.
        shown: How many passages, the best ones, a sentence could have been checked against.
    """
    texts: dict[str, str] = {}
    by_question: dict[str, dict[tuple[str, ...], UnlabelledSentence]] = {}
    for record in records:
        if not record.answer or not record.answer.twin.passages:
            continue
        question = questions.get(record.question_id, "")
        held = {short(digest_text(one.text)): one.text for one in record.answer.twin.passages[:shown]}
        rows = by_question.setdefault(record.question_id, {})
        for text in _claims(record.answer.twin.sentences, question):
            name = f"{record.question_id}-{len(rows) + 1}"
            row = UnlabelledSentence(id=name, question=question, sentence=text, passage_ids=tuple(held))
            rows.setdefault(tuple(words(text.casefold())), row)
            texts |= held
    passages = [LabelPassage(id=name, text=text) for name, text in sorted(texts.items())]
    return list(_drawn_order(by_question)), passages


def _claims(sentences: Sequence[SentenceSeen], question: str) -> Iterator[str]:
    """The draft's sentences; without what was put in, cut off, asked or announced, or only said the question again."""
    asked = set(content_stems(question))
    for one in sentences:
        is_drafted = one.outcome is not SentenceOutcome.UNCHECKED and one.reason not in NOT_DRAFTED
        text = tidy_sentence(one.text)  # once more, for evaluations by a version that left more around a sentence
        stems = content_stems(text)
        says_something = len(stems) >= MIN_CONTENT_STEMS and not asked.issuperset(stems)
        if is_drafted and says_something and not text.endswith(("?", ":")):
            yield text


def _drawn_order(
    by_question: Mapping[str, Mapping[tuple[str, ...], UnlabelledSentence]],
) -> Iterator[UnlabelledSentence]:
    random = Random(SEED)
    for question in random.sample(sorted(by_question), len(by_question)):
        rows = list(by_question[question].values())
        yield from random.sample(rows, len(rows))


def _lines(rows: Iterable[Contract]) -> str:
    return "".join(f"{row.model_dump_json(exclude_defaults=True)}\n" for row in rows)


def _records(folders: Iterable[Path], name: str) -> list[AnswerRecord]:
    return [AnswerRecord.model_validate_json(line) for folder in folders for line in complete_lines(folder / name)]


def main() -> None:
    """Write the rows and their passages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluations", nargs="+", type=Path, metavar="EVALUATION")
    parser.add_argument("--into", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--texts", action="store_true", help="the claims of written texts, too")
    parser.add_argument("--passages", type=int, default=RetrievalSettings().passages, metavar="N")
    arguments = parser.parse_args()
    scored = [
        ScoredAnswer.model_validate_json(line)
        for folder in arguments.evaluations
        for line in complete_lines(folder / SCORED_FILE)
    ]
    questions = {one.question.id: one.question.question for one in scored}
    records = _records(arguments.evaluations, ANSWERS_FILE)
    if missing := {one.question_id for one in records} - questions.keys():
        raise SystemExit(f"no {SCORED_FILE} has the question {min(missing)}: name a finished evaluation of it, too")
    if arguments.texts:
        records += _records(arguments.evaluations, DRAFTS_FILE)
    rows, passages = unlabelled_rows(records, questions, shown=arguments.passages)
    if not rows:
        raise SystemExit("no sentences of a draft there: name folders of finished evaluations (twin evaluate PERSONA)")
    write_atomically(arguments.into / UNLABELLED_FILE, _lines(rows))
    write_atomically(arguments.into / PASSAGES_FILE, _lines(passages))
    print(f"{len(rows)} sentences of {len({cluster_of(row) for row in rows})} answers, {len(passages)} passages")


if __name__ == "__main__":
    main()
