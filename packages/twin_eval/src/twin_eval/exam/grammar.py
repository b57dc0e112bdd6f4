"""What the patterns of questions share: subjects that can be asked about, clauses as they stand in a question."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from twin_data.contracts.evaluation import QuestionKind
from twin_data.generate.clauses import SUBJECT, addresses_reader, lowered_start, spoken_to_author
from twin_data.generate.phrases import PhraseFinder
from twin_data.scoring.sentences import STOPWORDS, content_stems, words
from twin_eval.exam.people import People
from twin_eval.exam.verbs import FORMS

MAX_CLAUSE_WORDS = 14
MAX_SUBJECT_WORDS = 9
FACTUAL, OPINION = QuestionKind.FACTUAL, QuestionKind.OPINION
PLAIN_SUBJECT = r"(?:(?:The|My|Our|A|An)\s[^,;:—–()\"“”?!]+?|\p{Lu}[\p{Ll}-]+(?:\s[\p{L}-]+){0,2}?|I)"
SUBJECT_STOP = regex.compile(
    r"(?i)\b(?:that|which|who|whom|whose|what|where|whereas|whether|how|though|every|no|all|for|when|if|because|"
    r"there|it|this|these|those|he|she|they|but|not|as|than|so|like|such|first|second|third|other|question|fact|"
    r"point|truth|answer|reason|result|whole|same|thing|case|former|latter|next|last|rest|matter|said|says|think|"
    r"thinks|believe|only|nobody|nothing|everybody|everything|somebody|anything|anybody|never|always|even|almost|"
    r"soon|often|once|perhaps|each|whatever|whoever|around|among|beside|beyond|within|across|behind|one|is|are|was|"
    r"were|has|have|had|can|could|will|would|may|might|must|should|do|does|did)\b"
)
NOMINAL = regex.compile(
    r"(?:always |only |simply |really |just |roughly |about |merely )?(?:an?|the|my|our|one|two|£?\d[\d.,]*)\b(?! "
    r"same\b)"
)
THAT_CLAUSE = regex.compile(r"(?:simply |merely |only |just )?(?:that|to)\s\p{Ll}")
DISCOURSE = regex.compile(
    r"(?i)\b(?:I|we)\b(?: \p{L}+)? (?:come|turn|say|said|speak|talk|hear|look|glance|consider|understand|ask|begin)\b"
)
VALUED = regex.compile(
    r"(?i)\b(?:best|worst|greatest|noblest|chief|main|only|real|true|truest|essential|objection|fault|vice|virtue|"
    r"danger|beauty|difficulty|weakness|strength|mistake|error|evil|trouble|charm|merit|defect|secret|moral|"
    r"lesson)\b"
)
_VAGUE_END = regex.compile(
    r"(?i)(?:\b(?:still|also|already|again|now|then|too|ever)|difference|example|idea|effect|consequence|contrary|explanation|problem|purpose|remark|phrase|word|"
    r"argument|distinction|principle|conclusion|exception|instance|trouble|wrong|sin|vice|work|beginning|end|"
    r"interest|excitement|moral|fallacy|average|best|worst|position|error|mistake|difficulty|danger|secret|lesson|"
    r"evil|lot|statement|instance|th|first|second|third|one|two|three|ly|['’]s)$"
)
_COMPARED = regex.compile(r"(?i)^the (?:more|less)\b|\b(?:more|less|greater|better|stronger|larger) .*\ba\b")
_NOUN_ENDING = regex.compile(r"(?:ity|ness|ism|tion|sion|ment|ence|ance|ship|hood|dom|ure|phy|logy)s?$")
_NOUNS_TOO = frozenset({"end", "love", "want", "hate", "fear", "demand", "need", "cost"})
_NEXT_CLAUSE = regex.compile(
    r",|\s\(|\s(?:because|if|when|while|before|after|until|unless|although|though|but)\s|\sand\s(?:is|was|are|were|"
    r"has|had|I|we|he|she|it|they|so|then|even)\b"
)
_ANY_VERB = regex.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|must|should|may|might|do|does|did|\p{Ll}{3,}ed|trust|want|"
    r"need|like|love|hate|know|think|believe|make|take|give|come|go|get)\b"
)


@dataclass(frozen=True)
class Worded:
    """A question made of a sentence.

    Attributes:
        pattern: Which rule made it.
        kind: Factual or opinion.
        text: The question.
        answer: The stretch of the sentence that answers it.
        facts: What a right answer must state, where the pattern knows; else they are chosen from `answer`.
        is_bare: Whether what it asks about needs the document's title to be found.
        anchor: Words that come with the answer; where the sentence, or the piece that the question names, holds them
            twice, there are several answers.
    """

    pattern: str
    kind: QuestionKind
    text: str
    answer: str
    facts: tuple[str, ...] = ()
    is_bare: bool = False
    anchor: str = ""


@dataclass(frozen=True)
class Grammar:
    """What a corpus says of its words.

    Attributes:
        finder: Which words are nouns, and which are written with a small letter, too.
        people: Which names are people.
    """

    finder: PhraseFinder
    people: People

    def subject(self, text: str) -> str | None:
        """A subject as it stands in a question; None if it is not one that can be asked about."""
        first = words(text)[0] if words(text) else ""
        if not content_stems(text) or len(words(text)) > MAX_SUBJECT_WORDS or addresses_reader(text):
            return None
        if SUBJECT_STOP.search(text) or ends_open(text) or _VAGUE_END.search(text) or _COMPARED.search(text):
            return None
        shown = self.shown(text)
        if regex.match(r"(?:the|your|a|an)\b", shown):
            return shown
        if first.casefold() in STOPWORDS or first.endswith(("ly", "ing", "ed")) or self._holds_verb(text):
            return None
        is_noun = shown[0].isupper() or _NOUN_ENDING.search(first) or self.finder.ends_phrases(first)
        return shown if is_noun or len(words(text)) > 1 else None

    def shown(self, clause: str) -> str:
        """A clause inside a question, spoken to the author."""
        lowered = lowered_start(clause)
        if lowered == clause and self.finder.is_mostly_small(words(clause)[0]) and not regex.match(r"I\b", clause):
            lowered = clause[0].lower() + clause[1:]
        shown = spoken_to_author(lowered)
        return f"y{shown[1:]}" if regex.match(r"You(?:r|['’]\p{L}+)?\b", shown) else shown

    def is_clause(self, text: str) -> bool:
        """Whether a text begins like a clause with a subject, and not like an order or a fragment."""
        first = words(text)[0]
        if SUBJECT.match(text) or not self.finder.is_common_word(first):
            return True
        is_noun = self.finder.ends_phrases(first) or first.endswith("s")
        return is_noun and not first.endswith("ed") and bool(_ANY_VERB.search(text))

    def _holds_verb(self, text: str) -> bool:
        """Whether a verb form seems to stand inside a subject without an article."""
        return any(word in FORMS and word not in _NOUNS_TOO for word in text.split()[1:])


def ends_open(subject: str) -> bool:
    """Whether a subject breaks off: its last word wants another."""
    return subject.split()[-1].casefold() in STOPWORDS and subject != "I"


def is_short(subject: str) -> bool:
    """Whether a subject names too little to be found without a title."""
    return len(content_stems(subject)) < 2


def is_plural(subject: str) -> bool:
    """Whether a subject takes the verb's plural form."""
    head = regex.split(r"\s(?:of|in|on|for|with|to|from|at|by)\s", subject)[0].split()[-1]
    by_ending = head.endswith("s") and not head.endswith(("ss", "us", "is"))
    irregular = head.casefold() in {"men", "women", "people", "children", "english", "french", "i"}
    return by_ending or irregular or " and " in subject


def first_part(rest: str) -> str:
    """What is said before another clause begins, if that says anything; the rest tells more of it."""
    first = _NEXT_CLAUSE.split(rest, maxsplit=1)[0]
    return first if content_stems(first) else rest


def opened(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
