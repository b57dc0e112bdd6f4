"""True claims about SQuAD's paragraphs, said otherwise than the paragraph says them.

Three ways: a question with its answer made a statement; a sentence shortened, turned round or joined by the rules of
`twin_data.generate.adapt`; and either of them made active where it was passive, or with common words replaced. SQuAD
2.0's unanswerable questions (Rajpurkar, Jia and Liang, 2018) with the plausible wrong answer that the annotator marked
give false claims that people thought of, through the same machine.

The rules know no parts of speech: a verb is what the paragraph has an inflected form of. A question that no rule reads
is left out, so that what comes out is English nearly always.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import regex

from twin_data.generate.adapt import adaptations, is_verbatim
from twin_data.scoring.sentences import sentence_spans, stem, words

_BE = "was|were|is|are"
_AUX = rf"{_BE}|has|had|have|can|could|will|would|may|might|must|should"
_PARTICIPLE = (
    r"\p{L}{2,}(?:ed|wn|ght)|made|built|held|kept|left|led|lost|met|paid|put|said|sent|set|sold|spent|written|"
    r"given|taken|chosen|spoken|found|founded|born|begun|become|seen|done|driven|fought|understood|bound|struck|cut"
)
_PAST = {
    "began": "begin", "became": "become", "came": "come", "went": "go", "took": "take", "gave": "give", "made": "make",
    "led": "lead", "held": "hold", "left": "leave", "met": "meet", "found": "find", "fought": "fight", "won": "win",
    "built": "build", "sent": "send", "wrote": "write", "said": "say", "saw": "see", "lost": "lose", "kept": "keep",
    "brought": "bring", "thought": "think", "fell": "fall", "rose": "rise", "grew": "grow", "spoke": "speak",
    "chose": "choose", "drew": "draw", "felt": "feel", "fled": "flee", "got": "get", "knew": "know", "paid": "pay",
    "ran": "run", "set": "set", "sold": "sell", "spent": "spend", "stood": "stand", "told": "tell", "wore": "wear",
}  # fmt: skip
_BASES = {base: past for past, base in _PAST.items()}
_WHO = regex.compile(r"(?i)(?:who|what|which)\s+(?P<rest>(?!(?:did|does|do)\b)\p{L}.*)")
_WHOSE_VERB = regex.compile(rf"(?i)(?:{_AUX})\b|\p{{L}}+(?:ed|s)\b|(?:{'|'.join(_PAST)})\b")
# "What is the gland called", "What could a king rely on": the answer is not the subject.
_INVERTED = regex.compile(
    r"(?i)\b(?:called|named|known|as|of|to|by|for|in|on|with|from|at|do|into|about|under|over|limited|based|used)$"
    r"|^(?:has|had|have|can|could|will|would|may|might|must|should)\s+(?:the|an?|\p{L}+s|(?-i:\p{Lu})\p{L}+)\b"
)
_KIND = regex.compile(
    rf"(?i)(?:what|which|how many)\s+(?P<kind>(?!(?:{_AUX}|did|does|do)\b)(?:\p{{L}}[\p{{L}}'’-]*\s+){{1,4}}?)"
    rf"(?P<rest>(?:(?:{_AUX})\s+(?:{_PARTICIPLE}|an?|in|not|also|part|able|located|responsible|known|used)\b"
    rf"|(?:{'|'.join(_PAST)})\b|\p{{L}}{{3,}}ed\b).*)"
)
_ASKED = regex.compile(
    r"(?i)(?P<asked>when|where|in (?:what|which) \p{L}+|on (?:what|which) \p{L}+|at (?:what|which) \p{L}+|"
    rf"by (?:what|which) \p{{L}}+)\s+(?P<aux>did|{_BE})\s+(?P<rest>.+)"
)
_OBJECT = regex.compile(r"(?i)(?:what|whom?|which)(?:\s+(?P<kind>\p{Ll}+))?\s+did\s+(?P<rest>.+)")
_LEADING_PREPOSITION = regex.compile(r"(?i)(?:in|on|at|by|from|during|since|until|after|before|near|around|to|about)\s")
_PREPOSITION_BEFORE = regex.compile(
    r"(?i)\b(in|on|at|by|from|during|since|until|after|before|near|around|to)\s+(?:the\s+)?$"
)
_PASSIVE = regex.compile(
    r"(?P<patient>(?:\p{L}[\p{L}'’-]*\s+){1,7}?)(?:was|were)\s+(?P<verb>\p{L}{3,}ed)\s+by\s+"
    r"(?P<agent>(?:\p{L}[\p{L}'’-]*\s*){1,7}?)(?P<tail>\s+(?:in|on|at|from|during|after|before)\s[^,;:]+)?\."
)
_ACTIVE = regex.compile(
    r"(?P<agent>(?:\p{Lu}[\p{L}'’-]*\s+|(?:the|of)\s+){1,6}?)(?P<verb>\p{L}{3,}ed)\s+"
    r"(?P<patient>(?:the|an?|his|their|\p{Lu}[\p{L}'’-]*)(?:\s(?!(?:in|on|at|from|during|after|before|for|with)\s)[\p{L}'’-]+){0,6})"
    r"(?P<tail>\s(?:in|on|at|from|during|after|before)\s[^,;:]+)?\."
)
_SYNONYMS = {
    "began": "started", "large": "big", "approximately": "about", "many": "numerous", "several": "a number of",
    "because": "since", "important": "significant", "including": "such as", "used": "employed", "area": "region",
    "often": "frequently", "helped": "assisted", "help": "assist", "called": "known as", "required": "needed",
    "requires": "needs", "such as": "like", "although": "though", "largest": "biggest", "received": "got",
    "attempted": "tried", "allowed": "permitted", "allows": "permits", "created": "made", "near": "close to",
    "ended": "finished", "main": "principal", "various": "different", "however": "but", "usually": "generally",
    "established": "set up", "provide": "supply", "provides": "supplies", "obtained": "gained", "whole": "entire",
    "died": "lost their lives", "wrote": "penned", "small": "little", "primarily": "mainly", "upon": "on",
    "shows": "demonstrates", "show": "demonstrate", "became": "turned into", "first": "earliest", "stopped": "halted",
    "purchased": "bought", "killed": "slain", "land": "territory", "war": "conflict", "people": "persons",
    "increase": "rise", "increased": "rose", "decline": "fall", "believed": "thought", "described": "portrayed",
    "located": "situated", "built": "constructed", "home": "residence", "different": "distinct", "power": "authority",
}  # fmt: skip
MIN_WORDS, MAX_WORDS = 5, 32


@dataclass(frozen=True)
class Source:
    """A paragraph and where it comes from."""

    article: str
    number: int
    text: str


@dataclass(frozen=True)
class TrueClaim:
    """A statement that its paragraph supports.

    Attributes:
        text: One sentence.
        way: How it was made: `question`, `adapted`, `voice` (active made passive, or the other way round), `synonym`.
        sentence: The sentence of the paragraph that it was made from.
    """

    text: str
    way: str
    source: Source
    sentence: str


def sources(articles: list[dict[str, Any]]) -> list[tuple[Source, list[dict[str, Any]]]]:
    """Every paragraph of SQuAD's JSON with its questions."""
    return [
        (Source(article["title"], number, paragraph["context"]), paragraph["qas"])
        for article in articles
        for number, paragraph in enumerate(article["paragraphs"])
    ]


def true_claims(source: Source, questions: list[dict[str, Any]]) -> list[TrueClaim]:
    """All that the rules make of one paragraph, no text twice."""
    asked = list(_answered(source, questions, impossible=False))
    adapted = [
        TrueClaim(one.text, "adapted", source, sentence)
        for sentence in _sentences(source.text)
        for one in adaptations(sentence)[:2]
        if not is_verbatim(one.text, source.text)
    ]
    whole = [TrueClaim(sentence, "verbatim", source, sentence) for sentence in _sentences(source.text)]
    turned = [
        TrueClaim(text, "voice", source, one.sentence)
        for one in [*asked, *whole]
        if (text := _made_active(one.text) or _made_passive(one.text))
    ]
    reworded = [
        TrueClaim(text, "synonym", source, one.sentence)
        for one in [*asked, *adapted]
        if (text := _reworded(one.text)) != one.text
    ]
    found = [*asked, *adapted, *turned, *reworded]
    return list({one.text: one for one in found if MIN_WORDS <= len(words(one.text)) <= MAX_WORDS}.values())


def misled_claims(source: Source, questions: list[dict[str, Any]]) -> list[TrueClaim]:
    """False claims: unanswerable questions with the wrong answer that looks right."""
    found = _answered(source, questions, impossible=True)
    return [one for one in found if MIN_WORDS <= len(words(one.text)) <= MAX_WORDS]


def _sentences(text: str) -> list[str]:
    return [one.of(text) for one in sentence_spans(text)]


def _answered(source: Source, questions: list[dict[str, Any]], *, impossible: bool) -> Iterator[TrueClaim]:
    spans = sentence_spans(source.text)
    for question in questions:
        answers = (
            question["plausible_answers"] if impossible and "plausible_answers" in question else question["answers"]
        )
        if question["is_impossible"] is not impossible or not answers:
            continue
        answer = answers[0]
        at = answer["answer_start"]
        sentence = next((one for one in spans if one.start <= at < one.end), None)
        if sentence and (text := statement(question["question"], answer["text"], at, source.text)):
            yield TrueClaim(text, "question", source, sentence.of(source.text))


def statement(question: str, answer: str, at: int, passage: str) -> str | None:
    """A question and its answer as one declarative sentence; None where no rule reads the question."""
    asked = regex.sub(r"\s+", " ", question).strip().rstrip("?. ")
    answer = answer.strip().rstrip(".,;:")
    if len(words(answer)) > 10 or regex.search(r"[.;!?]\s", answer):
        return None
    text = (
        _placed(asked, answer, at, passage)
        or _of_kind(asked, answer)
        or _as_object(asked, answer, passage)
        or _as_subject(asked, answer)
    )
    return f"{text[:1].upper()}{text[1:]}." if text else None


def _as_subject(asked: str, answer: str) -> str | None:
    """`Who was the duke` as `William was the duke`."""
    found = _WHO.fullmatch(asked)
    if not found or not _WHOSE_VERB.match(found["rest"]) or _INVERTED.search(found["rest"]):
        return None
    return f"{answer} {found['rest']}"


def _of_kind(asked: str, answer: str) -> str | None:
    """`What group killed them` as `Catholics killed them`; `How many boats passed` as `42 boats passed`."""
    found = _KIND.fullmatch(asked)
    if not found:
        return None
    counted = asked.casefold().startswith("how many")
    noun = found["kind"].strip() if counted and not set(words(found["kind"])) & set(words(answer)) else ""
    return f"{answer} {noun} {found['rest']}".replace("  ", " ")


def _placed(asked: str, answer: str, at: int, passage: str) -> str | None:
    """`When did Spain join` as `Spain joined in 1985`."""
    found = _ASKED.fullmatch(asked)
    if not found:
        return None
    rest = found["rest"]
    told = _with_past(rest, passage) if found["aux"].casefold() == "did" else _with_participle(rest, found["aux"])
    if told is None:
        return None
    if _LEADING_PREPOSITION.match(answer):
        return f"{told} {answer}"
    before = _PREPOSITION_BEFORE.search(passage[max(0, at - 14) : at])
    named = asked.split()[0].casefold()
    link = before[1] if before else named if named in {"in", "on", "at", "by"} else "in"
    return f"{told} {link} {answer}"


def _as_object(asked: str, answer: str, passage: str) -> str | None:
    """`What did the Act create` as `the Act created a parliament`; only where the verb ends the question."""
    found = _OBJECT.fullmatch(asked)
    if not found:
        return None
    told = _with_past(found["rest"], passage)
    last = found["rest"].split()[-1]
    ends = told is not None and stem(told.split()[-1]) in {stem(last), stem(_BASES.get(last, last))}
    return f"{told} {answer}" if ends else None


def _with_past(clause: str, passage: str) -> str | None:
    """The clause with its bare verb in the past tense, if the passage shows which word that is."""
    held = {word.casefold() for word in words(passage)}
    parts = clause.split()
    for at, word in enumerate(parts[1:], start=1):
        lowered = word.casefold()
        past = _BASES.get(lowered) or next(
            (
                one
                for one in (f"{lowered}ed", f"{lowered}d", f"{lowered[:-1]}ied", f"{lowered}{lowered[-1]}ed")
                if one in held
            ),
            None,
        )
        if past and (past in held or lowered in _BASES):
            return " ".join([*parts[:at], past, *parts[at + 1 :]])
    return None


def _with_participle(clause: str, aux: str) -> str | None:
    """`the Act passed` as `the Act was passed`."""
    found = regex.match(rf"(?i)(?P<subject>.+?)\s(?P<verb>(?:{_PARTICIPLE})\b.*)", clause)
    return f"{found['subject']} {aux.casefold()} {found['verb']}" if found else None


def _made_active(text: str) -> str | None:
    """`The abbey was founded by William in 1066.` as `William founded the abbey in 1066.`."""
    found = _PASSIVE.fullmatch(text)
    if not found or regex.search(r"(?i)\b(?:which|who|that|and|it|they|he|this)\b", found["patient"] + found["agent"]):
        return None
    patient = found["patient"].strip()
    first = patient.split()[0]
    if first in {"The", "A", "An", "Some", "Many", "Other", "His", "Their", "These", "All"}:
        patient = patient[:1].lower() + patient[1:]
    agent = found["agent"].strip()
    return f"{agent[:1].upper()}{agent[1:]} {found['verb']} {patient}{found['tail'] or ''}."


def _made_passive(text: str) -> str | None:
    """`William founded the abbey in 1066.` as `The abbey was founded by William in 1066.`."""
    found = _ACTIVE.fullmatch(text)
    if not found or regex.search(rf"(?i)\b(?:{_AUX}|which|who|that|and|to|by)\b", found["agent"] + found["patient"]):
        return None
    be = "were" if found["patient"].split()[-1].endswith("s") else "was"
    agent = found["agent"].strip()
    first = agent.split()[0]
    if first in {"The", "A", "An", "Some", "Many", "Other", "His", "Their", "These", "All"}:
        agent = agent[:1].lower() + agent[1:]
    patient = found["patient"].strip()
    return f"{patient[:1].upper()}{patient[1:]} {be} {found['verb']} by {agent}{found['tail'] or ''}."


def _reworded(text: str) -> str:
    """The text with up to two common words replaced by others of like meaning."""
    changed = 0
    for word, other in _SYNONYMS.items():
        if changed < 2:
            text, count = regex.subn(rf"(?<=[\p{{L}},] )\b{word}\b(?= \p{{Ll}})", other, text, count=1)
            changed += count
    return text
