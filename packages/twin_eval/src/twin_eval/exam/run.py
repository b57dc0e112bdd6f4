"""Makes the generated question set of one persona: `run(inputs, config=…) -> GeneratedSet`, a pure function.

Test documents come first. Of training documents only as many questions are taken as are still wanted, marked as open
book. What is not taken is counted by reason; nothing is padded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.documents import CorpusDocument, Split
from twin_data.contracts.evaluation import KeyFact, QuestionKind
from twin_data.contracts.exam import Book, GeneratedEvidence, GeneratedQuestion
from twin_data.generate.material import OVERLAP_WORDS
from twin_data.generate.phrases import PhraseFinder
from twin_data.scoring.sentences import grams, words
from twin_data.scoring.weights import TermWeights, term_weights
from twin_eval.exam.facts import are_sound, chosen_facts, given_facts
from twin_eval.exam.grammar import Grammar, Worded
from twin_eval.exam.likeness import Known, without_duplicates
from twin_eval.exam.people import People
from twin_eval.exam.refusals import out_of_persona, private_or_unsafe
from twin_eval.exam.statements import Statement, statements
from twin_eval.exam.unanswerable import Unanswerable
from twin_eval.exam.wording import TOPIC, worded
from twin_eval.hard_stops import leaked_ids

GENERATOR = "4"
"""Version of the rules: raised when they give other questions for the same corpus."""
MIN_QUESTION_WORDS = 4
FEWEST_TOPIC_FACTS = 2
"""What is said about a topic has to tell more than one thing."""
REFUSALS = (QuestionKind.UNANSWERABLE, QuestionKind.OUT_OF_PERSONA, QuestionKind.PRIVATE_OR_UNSAFE)


class ExamConfig(Contract):
    """How many questions, and in which mixture."""

    count: int = Field(default=400, ge=4)
    seed: int = 0
    refusal_share: float = Field(default=0.16, gt=0, lt=1 / 3)
    """Share of each kind to be refused: of 400 questions 64, of which the gate wants 60."""
    max_pattern_share: float = Field(default=0.4, gt=0, le=1)
    """Share of the answerable questions that one pattern may make."""
    max_topic_share: float = Field(default=0.3, gt=0, le=1)
    """The same of questions about what a sentence begins with, which are the plainest."""
    max_template: int = Field(default=6, ge=1)
    """Unanswerable questions made of one template by filling in a name."""
    max_sentence_template: int = Field(default=24, ge=1)
    """The same of a template that takes in most of a sentence."""


@dataclass(frozen=True)
class ExamInputs:
    """What the questions are made of, and what they must not repeat.

    Attributes:
        documents: The kept documents, both sides of the split.
        own_questions: What the persona asks itself.
        instructions: Questions and briefs of the instruction datasets.
        trained_texts: Whole prompts and responses of these.
    """

    documents: tuple[CorpusDocument, ...]
    own_questions: tuple[str, ...] = ()
    instructions: tuple[str, ...] = ()
    trained_texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class GeneratedSet:
    """The questions, by id, and how many others were not taken, by reason."""

    questions: tuple[GeneratedQuestion, ...]
    rejected: Counter[str]


@dataclass(frozen=True)
class Corpus:
    """What is known of a corpus's words."""

    documents: tuple[CorpusDocument, ...]
    weights: TermWeights
    finder: PhraseFinder
    people: People
    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, documents: Sequence[CorpusDocument]) -> Corpus:
        """Count its words and read its sentences."""
        ordered = tuple(sorted(documents, key=lambda one: one.document_id))
        weights = term_weights(passage.of(one.text) for one in ordered for passage in one.passages)
        texts = [one.text for one in ordered]
        return cls(ordered, weights, PhraseFinder(texts, weights), People(texts), tuple(statements(ordered)))


def run(inputs: ExamInputs, *, config: ExamConfig) -> GeneratedSet:
    """Make the questions; the same inputs, settings and seed give the same."""
    corpus = Corpus.of(inputs.documents)
    rejected: Counter[str] = Counter()
    per_kind = round(config.refusal_share * config.count)
    pool = [*_answerable(corpus, rejected), *_to_refuse(corpus, config)]
    fresh = _fresh(pool, inputs, rejected)
    answerable = [one for one in fresh if one.kind.is_answerable]
    chosen = _chosen(answerable, config.count - per_kind * len(REFUSALS), config, rejected)
    for kind in REFUSALS:
        ordered = sorted((one for one in fresh if one.kind is kind), key=lambda one: _lot(config.seed, one.id))
        chosen += ordered[:per_kind]
        rejected["enough_of_its_kind"] += max(0, len(ordered) - per_kind)
    return GeneratedSet(tuple(sorted(chosen, key=lambda one: one.id)), +rejected)


def training_grams(inputs: ExamInputs) -> frozenset[str]:
    """Runs of words of the training documents and the instruction datasets, which no question may hold."""
    trained = (one.text for one in inputs.documents if one.split is Split.TRAIN)
    return frozenset(gram for text in (*trained, *inputs.trained_texts) for gram in grams(text, OVERLAP_WORDS))


def _answerable(corpus: Corpus, rejected: Counter[str]) -> Iterator[GeneratedQuestion]:
    grammar = Grammar(corpus.finder, corpus.people)
    for statement in corpus.statements:
        found = worded(statement.core, grammar)
        if not found:
            rejected["no_pattern_fits"] += 1
        for one in found:
            made = _question(statement, one, corpus.weights)
            if isinstance(made, str):
                rejected[made] += 1
            else:
                yield made


def _question(statement: Statement, asked: Worded, weights: TermWeights) -> GeneratedQuestion | str:
    """The question, or why there is none."""
    text = asked.text
    if asked.is_bare:
        if not statement.title:
            return "names_too_little"
        text = f"In “{statement.title}”, {text[0].lower()}{text[1:]}"
    held = statement.document.text if asked.is_bare else statement.quote
    if asked.anchor and held.casefold().count(asked.anchor.casefold()) > 1:
        return "several_answers"
    if len(words(text)) < MIN_QUESTION_WORDS:
        return "names_too_little"
    facts = given_facts(asked.facts) or chosen_facts(text, asked.answer, weights)
    if len(facts) < (FEWEST_TOPIC_FACTS if asked.pattern == TOPIC else 1):
        return "no_telling_fact"
    if not are_sound(facts, text, statement.quote):
        return "fact_in_question_or_not_in_quote"
    document = statement.document
    evidence = GeneratedEvidence(
        file=document.document_id, quote=statement.quote, document_digest=document.digest,
        start=statement.span.start, end=statement.span.end,
    )  # fmt: skip
    book = Book.HELD_OUT if statement.is_held_out else Book.OPEN_BOOK
    return _made(asked.kind, asked.pattern, text, " ".join(statement.quote.split()), facts, (evidence,), book)


def _to_refuse(corpus: Corpus, config: ExamConfig) -> Iterator[GeneratedQuestion]:
    maker = Unanswerable(corpus.documents, corpus.people)
    used: Counter[str] = Counter()
    for one in sorted(maker.questions(corpus.statements), key=lambda one: _lot(config.seed, one.text)):
        most = config.max_template if one.has_slots_only else config.max_sentence_template
        if used[one.template] < most and not maker.is_answered(one.text):
            used[one.template] += 1
            yield _made(QuestionKind.UNANSWERABLE, one.pattern, one.text)
    for text in out_of_persona(corpus.weights):
        yield _made(QuestionKind.OUT_OF_PERSONA, "other_subjects", text)
    for text in private_or_unsafe(corpus.people.names):
        yield _made(QuestionKind.PRIVATE_OR_UNSAFE, "private_or_unsafe", text)


def _made(
    kind: QuestionKind,
    pattern: str,
    text: str,
    answer: str | None = None,
    facts: tuple[KeyFact, ...] = (),
    evidence: tuple[GeneratedEvidence, ...] = (),
    book: Book | None = None,
) -> GeneratedQuestion:
    name = short(digest_text(f"{kind}:{text}:{evidence[0].file if evidence else ''}"))
    return GeneratedQuestion(
        id=f"generated-{_PLACE[book]}{_SHORT[kind]}-{name}",
        kind=kind, question=text, answer=answer, facts=facts, evidence=evidence,
        expected="answer" if kind.is_answerable else "refuse", pattern=pattern, book=book,
    )  # fmt: skip


_SHORT = {
    QuestionKind.FACTUAL: "fact", QuestionKind.MULTI: "multi", QuestionKind.OPINION: "opinion",
    QuestionKind.UNANSWERABLE: "unans", QuestionKind.OUT_OF_PERSONA: "oop", QuestionKind.PRIVATE_OR_UNSAFE: "priv",
}  # fmt: skip

_PLACE = {Book.HELD_OUT: "held-", Book.OPEN_BOOK: "open-", None: ""}
"""In the id, so that a report's rows show it."""


def _fresh(pool: Iterable[GeneratedQuestion], inputs: ExamInputs, rejected: Counter[str]) -> list[GeneratedQuestion]:
    """What asks nothing that is asked already, or was trained on."""
    held = training_grams(inputs)
    own, trained = Known(inputs.own_questions), Known(inputs.instructions)
    clean: dict[str, GeneratedQuestion] = {}
    for one in pool:
        if any(gram in held for gram in grams(one.question, OVERLAP_WORDS)):
            rejected["shares_13_words_with_training_text"] += 1
        elif own.repeats(one.question):
            rejected["asks_what_the_persona_asks"] += 1
        elif trained.repeats(one.question):
            rejected["asks_what_was_trained_on"] += 1
        else:
            clean.setdefault(one.id, one)
    for name in leaked_ids(tuple(clean.values()), inputs.trained_texts):
        del clean[name]
        rejected["asks_what_was_trained_on"] += 1
    kept = without_duplicates({one.id: one.question for one in clean.values()})
    rejected["duplicate"] += len(clean) - len(kept)
    return [one for name, one in clean.items() if name in kept]


def _chosen(
    found: Sequence[GeneratedQuestion], wanted: int, config: ExamConfig, rejected: Counter[str]
) -> list[GeneratedQuestion]:
    """One question a sentence, every document in turn, held-out ones first, no pattern too often."""
    used: Counter[str] = Counter()
    sentences: set[tuple[str, int]] = set()
    known = Known(())
    chosen: list[GeneratedQuestion] = []
    for one in _in_turn(found, config.seed):
        share = config.max_topic_share if one.pattern == TOPIC else config.max_pattern_share
        place = (one.evidence[0].file, one.evidence[0].start)
        if len(chosen) >= wanted:
            rejected["more_than_wanted"] += 1
        elif place in sentences:
            rejected["its_sentence_is_asked_about"] += 1
        elif used[one.pattern] >= share * wanted:
            rejected["its_pattern_is_used_enough"] += 1
        elif known.repeats(one.question):
            rejected["duplicate"] += 1
        else:
            used[one.pattern] += 1
            sentences.add(place)
            known.add(one.question)
            chosen.append(one)
    return chosen


def _in_turn(found: Sequence[GeneratedQuestion], seed: int) -> list[GeneratedQuestion]:
    """Held-out questions before others, those of a clause before those of a phrase, and each document in turn."""
    groups: dict[tuple[bool, bool], dict[str, list[GeneratedQuestion]]] = {}
    for one in sorted(found, key=lambda one: _lot(seed, one.id)):
        group = groups.setdefault((one.book is Book.OPEN_BOOK, one.pattern == TOPIC), {})
        group.setdefault(one.evidence[0].file, []).append(one)
    return [
        one
        for _, documents in sorted(groups.items())
        for row in zip_longest(*(documents[name] for name in sorted(documents, key=lambda name: _lot(seed, name))))
        for one in row
        if one is not None
    ]


def _lot(seed: int, name: str) -> str:
    return digest_text(f"{seed}:{name}")
