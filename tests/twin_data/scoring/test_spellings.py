"""The two spellings of a word are one, and no other word's."""

from __future__ import annotations

import pytest

from twin_data.scoring.spellings import one_spelling, one_spelling_of_name
from twin_data.scoring.word_forms import form, name_form

BOTH = """
colour color, coloured colored, discoloured discolored, neighbouring neighboring, behavioural behavioral,
favourite favorite, unfavourable unfavorable, honoured honored, labourers laborers, armoury armory, endeavour endeavor,
organise organize, realising realizing, specialisation specialization, recognisable recognizable, adviser advisor,
analysed analyzed, paralyse paralyze, centre center, centred centered, theatres theaters, kilometres kilometers,
fibre fiber, manoeuvring maneuvering, defence defense, licence license, pretences pretenses, practising practicing,
catalogue catalog, traveller traveler, cancelled canceled, fuelled fueled, modelling modeling, counsellor counselor,
marvellous marvelous, dialled dialed, initialled initialed, woollen woolen, jewellery jewelry, fulfil fulfill,
enrolment enrollment, skilful skillful, programmes programs, cheque check, chequered checkered, greyer grayer,
tyres tires, kerb curb, ploughed plowed, sceptical skeptical, mouldy moldy, sulphur sulfur, aeroplane airplane,
judgement judgment, ageing aging, sizeable sizable, towards toward, afterwards afterward, learnt learned, burnt burned,
archaeology archeology, anaesthetic anesthetic, haemorrhage hemorrhage, foetus fetus, connexion connection,
enquiry inquiry, whilst while, amongst among, speciality specialty, gipsy gypsy, waggon wagon
"""
APART = """
hour or, flour flor, scoured scored, tour tor, pour por, contour contor, devour devor, filled filed, billed biled,
refilled refiled, called caled, willing wiling, smaller smaler, price prize, raise raze, advice advise, storey story,
vice vise, tonne ton, rewards award, wards war, fence fen, mitre mite, lyre liar, timbre timber, patrolled paroled,
ensure insure, letter litre, course corse, sense since, metal mettle
"""


def pairs(listed: str) -> list[tuple[str, ...]]:
    return [tuple(one.split()) for one in listed.split(",")]


@pytest.mark.parametrize(("british", "american"), pairs(BOTH))
def test_two_spellings_are_one_form(british: str, american: str) -> None:
    assert form(british) == form(american)
    assert form(british.capitalize()) == form(american)


@pytest.mark.parametrize(("one", "other"), pairs(APART))
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert one_spelling(one) != one_spelling(other)


@pytest.mark.parametrize("word", "hour four flour tour pour sour contour scoured detour devour outpouring".split())
def test_what_merely_ends_like_it_stays(word: str) -> None:
    assert one_spelling(word) == word


def test_a_name_keeps_its_letters_but_not_its_country() -> None:
    assert name_form("Labour") == name_form("Labor")
    assert name_form("Grey") != name_form("Gray")
    assert form("grey") == form("gray")


def test_a_form_stays_as_it_is() -> None:
    for one in [word for pair in pairs(BOTH) for word in pair]:
        assert one_spelling(one_spelling(one)) == one_spelling(one)
        assert one_spelling_of_name(one_spelling_of_name(one)) == one_spelling_of_name(one)
