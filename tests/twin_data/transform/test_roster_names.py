"""Names of rosters: found whole, however they are set, and as fast in a long roster as in a short one."""

from __future__ import annotations

import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from twin_data.transform.identifiers import find_identifiers
from twin_data.transform.roster_names import roster_names


def test_full_names_are_found_whole() -> None:
    names = roster_names({"Hedy Voss", " Marguerite  Osei-Tandy", "Dov", "J. Hartigan"})
    assert names is not None
    text = "Hedy Voss's note to Marguerite\nOsei-Tandy; Dov, Hedy, Hedy Vossen and J. Hartigan."
    found = [text[one.start : one.end] for one in find_identifiers(text, names)]
    assert found == ["Hedy Voss", "Marguerite\nOsei-Tandy", "J. Hartigan"]


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("Hedy Voss", "HEDY VOSS"),
        ("Maeve O'Hara", "Maeve O’Hara"),
        ("Maeve O’Hara", "MAEVE O'HARA"),
        ("Jean-Luc Péret", "Jean‑Luc Pe\u0301ret"),
        ("Jose\u0301 Pérez", "José Pérez"),
    ],
)
def test_a_name_is_found_however_it_is_set(listed: str, written: str) -> None:
    names = roster_names({listed})
    assert names is not None
    (found,) = find_identifiers(f"So {written}’s note came.", names)
    assert (found.start, found.end) == (3, 3 + len(written))


def test_a_roster_name_in_lower_case_may_be_words() -> None:
    names = roster_names({"Will Young", "The Bot"})
    assert find_identifiers("When will young men ask the bot?", names) == ()


def test_handles_are_found_where_they_are_addressed_or_are_no_words() -> None:
    names = roster_names({"hvoss", "hedy_v", "dov77", "Hedy Voss"})
    assert names is not None
    text = "Ask @hvoss, @HVoss or hvoss; hedy_v, @dov77 and dov77; x@hvoss.example; hedy_vx."
    found = [text[one.start : one.end] for one in find_identifiers(text, names)]
    assert found == ["@hvoss", "@HVoss", "hedy_v", "@dov77", "dov77", "x@hvoss.example"]


def test_no_names_no_pattern() -> None:
    assert roster_names(["Dov", ""]) is None


@pytest.mark.parametrize("text", ["Open it, @Callum Reid, now.", "(@CALLUM REID)", "Callum Reid"])
def test_a_mention_by_full_name_is_that_name(text: str) -> None:
    names = roster_names({"Callum Reid"})
    assert [one.kind for one in find_identifiers(text, names)] == ["name"]
    assert find_identifiers("x@Callum Reid", names) == ()


_PARTS = st.sampled_from(["Ada", "Voss", "O'Hara", "Jean-Luc", "J.", "Péret", "voss", "(Bo)", "🎂"])
_ROSTER = st.sets(
    st.one_of(st.lists(_PARTS, min_size=1, max_size=3).map(" ".join), st.sampled_from(["hv7", "bo.x", "ada"]))
)
_TEXT = st.lists(st.one_of(_PARTS, st.sampled_from(["hv7", "bo.x", "ada", "@", ",", "x", "’s", "\n"])), max_size=8)


@given(_ROSTER, _TEXT, st.lists(st.sampled_from(["", " "]), min_size=8, max_size=8))
def test_the_look_up_finds_what_one_pattern_for_each_name_finds(
    roster: set[str], parts: list[str], gaps: list[str]
) -> None:
    text = "".join(part + gap for part, gap in zip(parts, gaps, strict=False))
    expected = set()
    for name in roster:
        written = {name, name.upper()} if " " in name else set()
        patterns = [r"@?" + r"\s+".join(map(regex.escape, one.split())) for one in written]
        if regex.fullmatch(r"[\p{Ll}\p{N}][\w.-]*\w", name):
            patterns.append(("@?" if regex.search(r"[\p{N}_.-]", name) else "@") + f"(?i:{regex.escape(name)})")
        for pattern in patterns:
            found = regex.finditer(rf"(?<![\w@]){pattern}(?![\w\p{{M}}])", text, overlapped=True)
            expected |= {at for match in found for at in range(*match.span())}
    names = roster_names(roster)
    assert {at for span in (names.find(text) if names else ()) for at in range(*span)} == expected


def test_ten_thousand_names_take_no_longer_than_ten() -> None:
    many = {f"Name{number} Of{number}" for number in range(10_000)} | {f"user{number}" for number in range(10_000)}
    text = "Then Name77 Of77 said to @user9, and it’s (as ever) about the flour. " * 1000
    seconds = []
    for roster in (set(sorted(many)[:10]) | {"Name77 Of77", "user9"}, many):
        names = roster_names(roster)
        assert names is not None
        start = time.process_time()
        assert len(list(names.find(text))) == 2000
        seconds.append(time.process_time() - start)
    assert seconds[1] < 5 * seconds[0] + 0.2
