"""Does the twin say the persona's pet phrases more often than the persona does? A caricature stuffs its text with them.

Measured is the share of words that lie in pet phrases (`twin_data.scoring.pet_phrases`): of the twin's own words,
quotations and copies left out, less that of the persona's held-out words. Both sides are read sentence by sentence, so
it is no matter how long a text is; one phrase in every answer raises the figure, and so do many in one answer. Zero is
as often as the persona; below it are authors who do not have its phrases. In learner corpora the difference is called
overuse (Granger, 1998).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin_data.contracts.evaluation import Score
from twin_data.scoring.pet_phrases import PetPhrases
from twin_eval.bias import HeldOutText
from twin_eval.own_words import OwnText
from twin_eval.paired import Observation, difference
from twin_eval.statistics import MIN_CLUSTERS, IntervalConfig
from twin_eval.unquoted import unquoted

NAME = "pet_phrase_overuse"
MIN_WORDS = 200
"""On either side; in fewer a phrase more or less decides."""


def phrase_overuse(
    texts: Sequence[OwnText], held_out: Sequence[HeldOutText], phrases: PetPhrases, *, config: IntervalConfig
) -> Score | None:
    """Share of the twin's words in pet phrases less that of the persona's; n counts the twin's words.

    None where either side has fewer than `MIN_WORDS` words or fewer than two documents, or if there is no pet phrase.

    Args:
        texts: What the twin worded itself, copies left out.
        held_out: The persona's own held-out words.
        phrases: The persona's, found in what is not held out.
        config: Resamples and seed; documents are drawn, on both sides.
    """
    twin = _observed(((one.cluster, sentence) for one in texts for sentence in one.sentences), phrases)
    persona = _observed(((one.document_id, unquoted(one.text)) for one in held_out), phrases)
    if not phrases.runs or not (_is_enough(twin) and _is_enough(persona)):
        return None
    found = difference(twin, persona, config=config)
    low, high = found.lower(0.975), found.upper(0.975)
    return Score(name=NAME, value=found.value, low=min(low, found.value), high=max(high, found.value), n=len(twin))


def why_no_overuse(phrases: PetPhrases, held_out: Sequence[HeldOutText]) -> str:
    """Why `phrase_overuse` gave none."""
    if not held_out:
        return "no document was held out"
    if not phrases.runs:
        return "no run of words is the persona's own habit: too few documents, or nothing sets them apart from others'"
    return f"the twin's own words or the held-out ones are fewer than {MIN_WORDS}, or of but one document"


def _observed(pieces: Iterable[tuple[str, str]], phrases: PetPhrases) -> list[Observation]:
    """For each word of texts with their documents, whether it lies in a pet phrase."""
    return [Observation(float(held), document) for document, text in pieces for held in phrases.held(text)]


def _is_enough(words: Sequence[Observation]) -> bool:
    return len(words) >= MIN_WORDS and len({one.cluster for one in words}) >= MIN_CLUSTERS
