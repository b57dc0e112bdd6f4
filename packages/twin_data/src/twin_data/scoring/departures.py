"""What a sentence that follows its source word by word changes in it (decision 55).

A small model rewords by exchanging a word here and there. Nearly all words are then the passage's, so that a score over
words is high whatever was exchanged; and what was exchanged is what the sentence now says. So the two are laid side by
side (`side_by_side`), and each edit is held to what it may do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from twin_data.scoring.closeness import Encode
from twin_data.scoring.reversals.lexicon import are_contraries
from twin_data.scoring.sentences import STOPWORDS, words
from twin_data.scoring.side_by_side import Edit, lay_beside
from twin_data.scoring.word_forms import form, lowered

FOLLOWS = 0.6
"""Share of a sentence's words that stand in its source in the same order from which it is held to follow it."""
LONGEST_GAP = 5
"""Words of the source that may be left out between two that are kept: over more the halves of two statements meet."""
NEAR_WORD = 0.4
"""Cosine of two words from which one may stand for the other: "irony" and "paradox" have .41, "rose" and "fell" .37."""
_PRONOUNS = frozenset("he her him his it its she that their them these they this those which who whom whose".split())
_DENYING = frozenset("not no never none nothing nobody neither cannot without hardly scarcely barely".split())
_FRAMING = frozenset("if unless suppose supposing provided perhaps almost nearly".split())
_EMPTY = frozenset(
    """although anybody anyone appear appearance appeared appears become becomes called case certain course fact find
    found hence however indeed instead kind known look man manner matter mean means meanwhile moreover nor one part
    people person possible reason seem seemed seems seen since somebody someone something somewhat sort still
    therefore thus way""".split()
)
"""Words that add nothing of their own to a statement."""
_SMALL = STOPWORDS | _DENYING | _FRAMING | _EMPTY


def departure(sentence: str, source: str, encode: Encode, *, granted: Collection[str] = ()) -> str:
    """What a sentence that follows its source makes of it that it may not; empty if nothing, or if it does not follow.

    Args:
        sentence: What is to be shipped.
        source: The stretch that supports it.
        encode: Embeds words.
        granted: Forms of words that may be added: of the question, and of the passage's title.
    """
    said, held = words(sentence), words(source)
    laid = lay_beside(said, held)
    if laid.same < FOLLOWS * len(said):
        return ""
    stands = frozenset(map(form, held[laid.start : laid.end]))
    known = stands.union(granted)
    spoken_of = known.union(map(form, held))
    for one in laid.edits:
        may_add = spoken_of if _PRONOUNS & _folded(one.left_out) else known
        if reason := _objection(one, may_add, stands, encode):
            return reason
    return ""


def _objection(edit: Edit, known: Collection[str], followed: Collection[str], encode: Encode) -> str:
    """Why an edit may not be; empty if it may.

    Args:
        edit: What is exchanged.
        known: Forms that may be added.
        followed: Forms of the part of the source that is followed: one of them in another's place is an exchange.
        encode: Embeds words.
    """
    if len(edit.left_out) > LONGEST_GAP:
        return f"it joins what stands apart in the passage, before and after “{_told(edit.left_out)}”"
    before, after = _folded(edit.left_out), _folded(edit.added)
    if bool(_DENYING & before) != bool(_DENYING & after) or (_FRAMING & before and not _FRAMING & after):
        return f"where the passage has “{_told(edit.left_out)}” it has “{_told(edit.added)}”"
    lost, new = _telling(edit.left_out), _telling(edit.added)
    if len(lost) > 1 and edit.added and not new:
        return f"it leaves out “{_told(edit.left_out)}”"
    if lost and (swapped := [word for word in new if form(word) in followed]):
        return f"it has “{swapped[0]}” for “{_told(edit.left_out)}”"
    for word in edit.added:
        if contrary := [other for other in edit.left_out if are_contraries(lowered(word), lowered(other))]:
            return f"it has “{word}” for “{contrary[0]}”"
    strange = [word for word in new if form(word) not in known]
    if strange and not lost:
        return f"it adds “{strange[0]}”"
    if strange:
        vectors = encode([*strange, *lost])
        nearest = (vectors[: len(strange)] @ vectors[len(strange) :].T).max(axis=1)
        if nearest.min() < NEAR_WORD:
            return f"it has “{strange[int(nearest.argmin())]}” for “{_told(edit.left_out)}”"
    return ""


def _folded(spoken: Sequence[str]) -> frozenset[str]:
    return frozenset("not" if word.endswith("n't") else word for word in map(lowered, spoken))


def _telling(spoken: Sequence[str]) -> list[str]:
    """Words that say something; an adverb says how, which the rules for what is turned round look after."""
    return [word for word in spoken if (folded := lowered(word)) not in _SMALL and not folded.endswith("ly")]


def _told(spoken: Sequence[str]) -> str:
    return " ".join(spoken) or "nothing"
