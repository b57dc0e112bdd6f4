"""What answers are held against beside the questions themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from twin_data.contracts.coverage_risk import RefusalCosts
from twin_data.scoring.pet_phrases import PetPhrases
from twin_eval.bias import HeldOutText
from twin_eval.own_words import VoiceScorer


@dataclass(frozen=True, kw_only=True)
class References:
    """The persona's voice, documents and phrases, and what its archive holds of the questions' evidence."""

    voice: VoiceScorer | None = None
    """Tells the persona's hand from others'; None leaves voice unmeasured."""
    why_no_voice: str = "no voice profile was given"
    voice_contrast: str = ""
    """Whose texts the voice is told from, in words."""
    corpus: Collection[str] | None = field(default=None, repr=False)
    """The persona's documents, in which copied stretches are looked up; None leaves copying unmeasured."""
    held_out: Sequence[HeldOutText] = ()
    """The persona's own words that were never trained on; none leaves sentiment and stance by topic unmeasured."""
    phrases: PetPhrases | None = None
    """The persona's, of what is not held out; None leaves their overuse unmeasured."""
    why_no_phrases: str = "the persona's pet phrases were not given"
    costs: RefusalCosts = RefusalCosts()
    """Of the mistakes that a threshold of the judge weighs against each other."""
    lost_evidence: Collection[str] = ()
    """Ids of the questions that quote what the archive does not hold (`evidence.lost_evidence`); nothing that rests on
    the quote is scored."""
    held_by: Mapping[str, str] = field(default_factory=dict)
    """The document that holds a question's first quote (`evidence.quote_holders`), by the question's id; else the file
    that it names counts."""
