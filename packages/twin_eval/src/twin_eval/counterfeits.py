"""Planted cheats: texts that imitate a persona in ways that must not win, made from its own words and assistant prose.

A voice scorer that any of them passes is no judge. All are deterministic in their seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from twin_data.scoring.sentences import WORD, sentence_spans, word_runs

PHRASE_WORDS = (3, 4, 5)
CANNED_REFUSALS = (
    "I'm sorry, but I can't assist with that request. As an AI language model, I don't have personal opinions or "
    "access to private information. If you have any other questions, please let me know and I'll be happy to help.",
    "I apologize for the inconvenience, but I am unable to provide an answer to this question. It is important to "
    "consult a qualified professional who can offer guidance that is tailored to your specific circumstances and "
    "needs.",
    "I cannot fulfill your request, as it goes against ethical guidelines. It is not appropriate to share such "
    "content. Is there anything else that I can help you with? I would be glad to provide helpful and respectful "
    "information.",
    "Unfortunately, I do not have enough information to answer that. Could you please provide more context or "
    "details? I will do my best to give you an accurate and useful response based on what you share with me.",
    "As a responsible assistant, I must emphasize that I can't help with this topic. I'd encourage you to reach out "
    "to the appropriate authorities or resources, and I hope that you find the support that you are looking for.",
)
"""What assistants say when they decline."""


def pet_phrases(own: Sequence[str], others: Sequence[str], *, most: int = 40) -> tuple[str, ...]:
    """Runs of three to five words that the persona repeats most, those left out that the others use."""
    theirs = {run for text in others for length in PHRASE_WORDS for run, _, _ in word_runs(text, length)}
    counts: Counter[str] = Counter()
    for text in own:
        for length in PHRASE_WORDS:
            counts.update(run for run, _, _ in word_runs(text, length) if run not in theirs)
    ranked = sorted(((-number * len(phrase.split()), phrase) for phrase, number in counts.items() if number > 1))
    return tuple(phrase for _, phrase in ranked[:most])


def stuffed_with_phrases(prose: str, phrases: Sequence[str], *, every: int = 1, seed: int = 0) -> str:
    """Prose with one of the phrases before each of its sentences, or before every so-many-eth."""
    draw = random.Random(seed)
    return " ".join(
        one if at % every else f"{_opened(draw.choice(phrases))}, {_continued(one)}"
        for at, one in enumerate(_sentences(prose))
    )


def stuffed_with_quotations(prose: str, quotable: Sequence[str], *, seed: int = 0) -> str:
    """Prose with one of the persona's sentences, in quotation marks, after each of its own."""
    draw = random.Random(seed)
    return " ".join(f"{one} “{_bare(draw.choice(quotable))}”" for one in _sentences(prose))


def word_salad(own: Sequence[str], *, words: int, seed: int = 0) -> str:
    """The persona's words, drawn as often as it uses them, in the shapes of its sentences: their lengths and marks."""
    draw = random.Random(seed)
    sentences = [one for text in own for one in _sentences(text)]
    bag = [match[0] for one in sentences for match in WORD.finditer(one)]
    found: list[str] = []
    count = 0
    while count < words:
        shape = draw.choice(sentences)
        found.append(WORD.sub(lambda match: _cased(draw.choice(bag), match[0]), shape))
        count += len(WORD.findall(shape))
    return " ".join(found)


def _sentences(text: str) -> list[str]:
    return [" ".join(span.of(text).split()) for span in sentence_spans(text)]


def _opened(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _continued(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:] if not sentence.startswith(("I ", "I'", "I’")) else sentence


def _bare(sentence: str) -> str:
    return sentence.translate({ord(mark): None for mark in '“”"'})


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() and len(like) > 1 else word.casefold()
