"""Runs of words are found again in every form, and never read from what is stored."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from flows.forgetting.wording import MIN_RUN_WORDS, RUN_WORDS, Hasher, Wording, words_of

TEXT = "The lamp on the eastern jetty went out, and I’ve steered by the café’s smell ever since that night."
HASHER = Hasher(b"k" * 32)
WORDS = st.lists(st.text("abcäé", min_size=1, max_size=4), min_size=RUN_WORDS, max_size=30)


def wording(*texts: str) -> Wording:
    return Wording.of(HASHER, ((words_of(text), MIN_RUN_WORDS) for text in texts))


def test_it_is_found_however_it_is_quoted() -> None:
    sought = wording(TEXT)
    assert sought.is_in(TEXT.upper())
    assert sought.is_in(json.dumps({"answer": f"He said: {TEXT}"}))
    assert sought.is_in(TEXT.replace("’", "&rsquo;").replace("é", "&eacute;"))
    assert sought.is_in("said\\nthe lamp on\\nthe eastern\\tjetty went out\\nand so on")
    assert sought.is_in("GET /api/documents?id=blog%2FThe%20lamp+on+the%2Deastern-jetty-went-out.md HTTP/1.1")
    assert not sought.is_in("The lamp on the western jetty went out, and nobody steered by anything.")


def test_a_run_of_fewer_words_proves_nothing_unless_it_is_the_whole_text() -> None:
    assert not wording(TEXT).is_in("on the eastern jetty")
    assert wording("Yes, Thursday at noon.").is_in("She wrote yes thursday at noon, and went.")
    assert wording("Yes, Thursday.").size == 0


def test_what_others_say_too_is_not_sought() -> None:
    left = wording(TEXT).without(["All of us know that the lamp on the eastern jetty went out in autumn."])
    assert not left.is_in("the lamp on the eastern jetty went out")
    assert left.is_in("I've steered by the café's smell ever since")
    assert wording(TEXT).minus(wording(TEXT)).size == 0


def test_another_key_finds_nothing_and_the_stored_form_holds_no_word() -> None:
    stored = wording(TEXT).to_store()
    assert Wording.stored(HASHER, stored).is_in(TEXT)
    assert not Wording.stored(Hasher(b"other" * 6), stored).is_in(TEXT)
    written = json.dumps([one.model_dump() for one in stored])
    assert not any(word in written.lower() for word in ("lamp", "jetty", "eastern"))


@given(WORDS, WORDS, WORDS)
def test_a_text_inside_another_is_always_found(before: list[str], inside: list[str], after: list[str]) -> None:
    assert wording(" ".join(inside)).is_in(", ".join([*before, *inside, *after]))


@given(WORDS, st.text(max_size=20), st.text(max_size=20))
def test_blanking_keeps_every_byte_in_its_place(secret: list[str], before: str, after: str) -> None:
    sought, text = wording(" ".join(secret)), f"{before} {' '.join(secret)} {after}"
    blanked = sought.blanked(text)
    assert len(blanked.encode("utf-8", "surrogatepass")) == len(text.encode("utf-8", "surrogatepass"))
    assert not sought.is_in(blanked)


def test_an_address_in_a_log_is_blanked() -> None:
    line = "INFO GET /documents?id=blog%2Fthe-lamp-on-the-eastern-jetty.md 200\n"
    assert (
        wording("blog/the-lamp-on-the-eastern-jetty.md").blanked(line).startswith("INFO GET /documents?id=xxxx%2Fxxx-")
    )


def test_a_log_s_other_lines_are_left_alone() -> None:
    line = 'ERROR asked {"q": "the lamp on the\\neastern jetty went out"} at 12:00\n'
    assert wording(TEXT).blanked(f"INFO up\n{line}INFO down\n").startswith("INFO up\nERROR asked")
    assert wording(TEXT).blanked(f"INFO up\n{line}INFO down\n").endswith(" at 12:00\nINFO down\n")
