"""The labelled refusals: whole, in every part, and told better than by their peers."""

from __future__ import annotations

from benchmarks.refusals import PARTS, RULES, authors_denials, denies_in_first_person, labelled_lines


def test_every_part_has_refusals_and_answers_and_no_line_twice() -> None:
    lines = labelled_lines()
    assert {(one.part, one.refuses) for one in lines} == {
        (part, refuses) for part in PARTS for refuses in (True, False)
    }
    assert len({one.text.casefold() for one in lines}) == len({one.id for one in lines}) == len(lines)


def test_lines_held_out_are_told_better_than_by_any_peer() -> None:
    held = [one for one in labelled_lines() if one.part == "held-out"]
    right = {name: sum(rule(one.text) is one.refuses for one in held) for name, rule in RULES.items()}
    assert right.pop("classifier") > max(right.values()) + 0.2 * len(held)


def test_authors_denials_are_denials() -> None:
    denials = authors_denials()
    assert len(denials) > 100
    assert all(map(denies_in_first_person, denials))
