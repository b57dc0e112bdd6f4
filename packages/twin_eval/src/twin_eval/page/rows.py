"""What stands in the rows of a report's page: figures as text, and each answer as readers see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twin_data.contracts.evaluation import Comparison, ExamStamp, Score
from twin_eval.comparison import spread_words
from twin_eval.failures import FAILURES
from twin_eval.figures import UNKNOWN, figure, interval
from twin_eval.metric_names import describe
from twin_eval.own_words import DraftRecord
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer

_SHOWN_CHARACTERS = 160


@dataclass(frozen=True)
class ScoreLine:
    """One score, as text."""

    name: str
    value: str
    interval: str
    n: int
    unscored: int
    champion: str
    meaning: str


@dataclass(frozen=True)
class ComparisonLine:
    """One comparison, as text."""

    metric: str
    candidate: str
    champion: str
    difference: str
    interval: str
    n: int
    clusters: int
    margin: str
    detectable: str
    seeds: str
    outcome: str


@dataclass(frozen=True)
class SentenceLine:
    """One sentence of a draft, and what became of it."""

    text: str
    outcome: str
    note: str


@dataclass(frozen=True)
class CitationLine:
    """One citation."""

    n: int
    document: str
    quote: str
    note: str


@dataclass(frozen=True)
class Side:
    """One bundle's answer."""

    label: str
    outcome: str
    tag: str
    text: str
    sentences: tuple[SentenceLine, ...] = ()
    citations: tuple[CitationLine, ...] = ()
    figures: str = ""


@dataclass(frozen=True)
class QuestionBlock:
    """One question or brief with each bundle's answer."""

    id: str
    question: str
    sides: tuple[Side, ...]
    kind: str = ""
    expected: str = ""
    mark: str = ""
    """Right, wrong, or error where the endpoint failed, which says nothing of the twin."""


def when(stamp: ExamStamp) -> str:
    """What is said of a part that an earlier evaluation found."""
    asked = f"Asked on {stamp.asked_at:%Y-%m-%d} and not in this evaluation"
    return f"{asked}: of the same bundle, questions, index, code and bars."


def score_line(score: Score, champion: Score | None) -> ScoreLine:
    """A score beside the champion's."""
    return ScoreLine(
        name=score.name,
        value=figure(score.value),
        interval=interval(score.low, score.high),
        n=score.n,
        unscored=score.unscored,
        champion=figure(champion.value if champion else None),
        meaning=describe(score.name),
    )


def comparison_line(one: Comparison) -> ComparisonLine:
    """A comparison; what could not be compared has dashes."""
    more = f", about {one.more_rows} more rows would decide" if one.more_rows else ""
    return ComparisonLine(
        metric=one.metric,
        candidate=figure(one.candidate),
        champion=figure(one.champion),
        difference=figure(one.difference, sign="+"),
        interval=UNKNOWN if one.low is None else interval(one.low, one.high),
        n=one.n,
        clusters=one.clusters,
        margin=f"{one.margin:g}",
        detectable=figure(one.detectable),
        seeds=UNKNOWN if one.difference is None else spread_words(one),
        outcome=one.outcome.value.replace("_", " ") + more,
    )


def question_blocks(
    run: ScoredRun, champion: ScoredRun | None, rungs: Mapping[str, ScoredRun] | None = None
) -> tuple[QuestionBlock, ...]:
    """Every question with the candidate's answer, the champion's, and in brief that of each other rung by its name."""
    theirs = {one.question.id: one for one in champion.answers} if champion else {}
    beside = {
        label: {one.question.id: one for one in other.answers}
        for label, other in (rungs or {}).items()
        if other.report.bundle not in {run.report.bundle, champion.report.bundle if champion else None}
    }
    blocks = []
    for one in run.answers:
        block = _question_block(one, theirs.get(one.question.id))
        brief = [_brief_side(label, known[one.question.id]) for label, known in beside.items()]
        blocks.append(replace(block, sides=(*block.sides, *brief)))
    return tuple(blocks)


def draft_blocks(run: ScoredRun, champion: ScoredRun | None) -> tuple[QuestionBlock, ...]:
    """Every brief with what each bundle wrote."""
    theirs = {one.brief.id: one for one in champion.drafts} if champion else {}
    blocks = []
    for draft in run.drafts:
        sides = [_draft_side("candidate", draft, run)]
        if champion and (other := theirs.get(draft.brief.id)):
            sides.append(_draft_side("champion", other, champion))
        blocks.append(QuestionBlock(id=draft.brief.id, question=draft.brief.text, sides=tuple(sides)))
    return tuple(blocks)


def shortened(text: str) -> str:
    """One line of a text."""
    folded = " ".join(text.split())
    return folded if len(folded) <= _SHOWN_CHARACTERS else f"{folded[: _SHOWN_CHARACTERS - 1]}…"


def _question_block(one: ScoredAnswer, champion: ScoredAnswer | None) -> QuestionBlock:
    question = one.question
    wanted = f"Expected: {question.answer}" if question.answer else f"Expected: {question.expected}"
    facts = "; ".join(fact.text for fact in question.facts if fact.essential)
    mark = "right" if all(what_of(one) is None for what_of in FAILURES.values()) else "wrong" if one.scores else "error"
    sides = [_answer_side("candidate", one)]
    if champion is not None:
        sides.append(_answer_side("champion", champion))
    return QuestionBlock(
        id=question.id,
        question=question.question,
        sides=tuple(sides),
        kind=question.kind.value,
        expected=f"{wanted} · essential facts: {facts}" if facts else wanted,
        mark=mark,
    )


def _answer_side(label: str, one: ScoredAnswer) -> Side:
    scores = one.scores
    if scores is None:
        return _side(label, one.record, "")
    parts = []
    if scores.facts:
        parts.append(
            f"facts {len(scores.facts.found)} found, missing: {', '.join(scores.facts.missing_essential) or '–'}"
        )
    if scores.evidence:
        last = scores.evidence[-1]
        parts.append(f"evidence retrieved {last.found} of {last.wanted}")
    if scores.own_sentence_share is not None:
        parts.append(f"own sentences {figure(scores.own_sentence_share)}")
    return _side(label, one.record, " · ".join(parts), scores.quotes_verbatim)


def _brief_side(label: str, one: ScoredAnswer) -> Side:
    """An answer without its sentences and citations: enough to compare, and a page of five rungs stays readable."""
    side = _answer_side(label, one)
    return replace(side, sentences=(), citations=())


def _draft_side(label: str, draft: DraftRecord, run: ScoredRun) -> Side:
    found = next((one for one in run.samples if one.source == "drafts" and one.id == draft.brief.id), None)
    voice = f"voice {found.score.percent:.0f} %" if found and found.score else "voice not scored"
    if found and found.score and not found.score.typical:
        voice += ", of no kind that the scorer knows"
    return _side(label, draft.record, voice)


def _side(label: str, record: AnswerRecord, figures: str, verbatim: Sequence[bool | None] = ()) -> Side:
    if record.answer is None:
        message = record.error.message if record.error else ""
        return Side(label=label, outcome="error", tag="error", text=message)
    twin = record.answer.twin
    notes = {True: "", False: " (not verbatim)", None: " (document not fetched)"}
    known = tuple(verbatim) + (True,) * (len(twin.citations) - len(verbatim))
    return Side(
        label=label,
        outcome=twin.outcome.value,
        tag=twin.outcome.value,
        text=record.answer.content,
        sentences=tuple(
            SentenceLine(one.text, one.outcome.value, f"support {one.support:.2f} {one.reason}".rstrip())
            for one in twin.sentences
        ),
        citations=tuple(
            CitationLine(one.n, one.document_id, one.quote, notes[is_verbatim])
            for one, is_verbatim in zip(twin.citations, known, strict=True)
        ),
        figures=" · ".join(part for part in (figures, _expense(record.answer)) if part),
    )


def _expense(answer: Answer) -> str:
    cost = answer.twin.cost
    parts = [f"{answer.seconds:.1f} s"]
    if stages := answer.twin.seconds_by_stage:
        parts[0] += f" ({', '.join(f'{stage} {seconds:.1f}' for stage, seconds in stages.items())})"
    parts.append(f"{cost.prompt_tokens} + {cost.completion_tokens} tokens")
    parts.append("cost unknown" if cost.amount is None else f"{cost.amount:.6f} {cost.currency or ''}".rstrip())
    return " · ".join(parts)
