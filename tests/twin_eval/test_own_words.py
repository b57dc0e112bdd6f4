from __future__ import annotations

from twin_eval.own_words import OwnText, without_copies

DOCUMENT = "It was high water at Ferrier's when the gate gave way, and nobody slept that night, I least of all."


def own(*sentences: str, source: str = "answers") -> OwnText:
    return OwnText.model_validate({"source": source, "id": "q", "cluster": "c", "sentences": sentences})


def test_a_copied_sentence_is_not_the_twins_voice_though_no_marks_stand_round_it() -> None:
    mine = "I count the sluices twice, as my mother did before me, and then again."
    (found,) = without_copies([own(DOCUMENT, mine)], [DOCUMENT])
    assert found.sentences == (mine,)
    (draft,) = without_copies([own(f"{DOCUMENT} {mine}", source="drafts")], [DOCUMENT])
    assert draft.sentences == (mine,)


def test_of_a_copyist_nothing_is_left() -> None:
    assert without_copies([own(DOCUMENT)], [DOCUMENT]) == ()


def test_a_sentence_that_shares_some_words_stays() -> None:
    near = "At Ferrier's it was high water when the gate gave way and the council never paid me a penny for it."
    assert without_copies([own(near), own("Too short.")], [DOCUMENT]) == (own(near), own("Too short."))
