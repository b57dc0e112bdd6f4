from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from twin_data.configuration.persona import Author, Consent, PersonaConfig, SourceOptions
from twin_data.contracts.documents import Rejection
from twin_data.corpus import tallies
from twin_data.corpus.findings import Group
from twin_data.store.schemas import to_frame

NAMES = tallies.Names({"blog/a.md": "article", "blog/b.md": "article", "mail/x@y.org": "mail"})
PERSONA = PersonaConfig(
    name="ada",
    display_name="Ada",
    author=Author(name="Ada"),
    owner="Ada",
    licence="CC0-1.0",
    consent=Consent(statement="I agree to a twin.", given_by="Ada", date=date(2026, 1, 2)),
    sources={"talks": SourceOptions(licence="CC-BY-4.0")},
)


def documents(*rows: tuple[str, str, int, date | None]) -> pl.DataFrame:
    """Rows of document id, family, words and date."""
    return pl.DataFrame(
        [
            {"document_id": name, "source": name.split("/")[0], "family": family, "words": words, "date": when}
            for name, family, words, when in rows
        ],
        schema_overrides={"date": pl.Date},
    )


def rejections(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """Rows of stage, reason, document id and redacted text."""
    return to_frame(
        [
            Rejection(stage=stage, reason=reason, document_id=name, redacted_text=text, text_digest="d", start=0, end=1)
            for stage, reason, name, text in rows
        ],
        Rejection,
    )


def test_sources_carry_their_dates_shares_and_the_licence_that_holds_for_them() -> None:
    frame = documents(
        ("blog/a.md", "f", 60, date(2021, 2, 3)),
        ("blog/b.md", "f", 20, None),
        ("talks/c.vtt", "g", 20, date(2020, 1, 1)),
    )
    blog, talks = tallies.sources(frame, PERSONA)
    assert (blog.documents, blog.words, blog.share, blog.families, blog.licence) == (2, 80, 0.8, 1, "CC0-1.0")
    assert (blog.first, blog.last) == (date(2021, 2, 3), date(2021, 2, 3))
    assert (talks.licence, talks.share) == ("CC-BY-4.0", 0.2)
    assert tallies.sources(frame, PERSONA.model_copy(update={"licence": None}))[0].licence == ""


@pytest.mark.parametrize(("words", "effective"), [((50, 50, 50, 50), 4.0), ((100,), 1.0), ((97, 1, 1, 1), 1.18)])
def test_balance_counts_the_groups_that_would_be_as_even(words: tuple[int, ...], effective: float) -> None:
    parts = [Group(name=f"g{at}", documents=1, words=one, share=one / sum(words)) for at, one in enumerate(words)]
    found = tallies.balance("source", parts)
    assert found is not None and found.effective == pytest.approx(effective, abs=0.01)
    assert found.largest_share == max(words) / sum(words)
    assert tallies.balance("topic", []) is None


def test_families_are_counted_by_size_and_copies_by_likeness() -> None:
    frame = documents(
        ("blog/a.md", "blog/a.md", 60, None), ("blog/b.md", "blog/a.md", 20, None), ("x/c", "x/c", 20, None)
    )
    dropped = rejections(
        ("dedupe", "exact_duplicate of blog/a.md", "blog/b.md", ""),
        ("dedupe", "near_duplicate of mail/x@y.org", "mail/x@y.org", ""),
    )
    found = tallies.duplicates(frame, dropped, NAMES)
    assert (found.exact, found.near) == (1, 1)
    assert [(one.documents, one.families) for one in found.sizes] == [(1, 1), (2, 1)]
    (family,) = found.largest
    assert (family.name, family.documents, family.words, family.share) == ("blog/a.md", 2, 80, 0.8)
    assert [(one.document, one.copy_of) for one in found.samples] == [("blog/b.md", "blog/a.md"), ("mail", "mail")]


def test_no_sample_tells_what_was_private() -> None:
    frame = rejections(
        ("clean", "no_own_words", "mail/x@y.org", "Dear Ada, it is Grace Hopper who asks."),
        ("clean", "redacted_secret", "blog/a.md", "the key is [secret]"),
        ("collect", "unreadable: /home/grace/x", "mail/grace@navy.example", ""),
        ("filter", "no_words", "blog/b.md", "Public\\nas it was."),
    )
    found: Any = {one.reason: one for one in tallies.removals(frame, NAMES)}
    assert set(found) == {"no_own_words", "unreadable", "no_words"}, "redactions are told apart"
    assert [one.text for one in found["no_own_words"].samples] == ["(private)"]
    assert [one.text for one in found["unreadable"].samples] == ["mail/[email]"]
    assert found["no_words"].samples[0].source == "blog"
    shown = "".join(one.model_dump_json() for one in found.values())
    assert not any(word in shown for word in ("Grace", "grace", "navy"))


def test_redactions_are_counted_and_never_shown() -> None:
    frame = rejections(
        ("clean", "redacted_email", "mail/x@y.org", "write to [email]"),
        ("clean", "redacted_email", "mail/x@y.org", "or to [email]"),
        ("clean", "redacted_secret", "blog/a.md", "the key is [secret]"),
    )
    email, secret = tallies.redactions(frame)
    assert (email.kind, email.count, email.documents, email.sources) == ("email", 2, 1, ("mail",))
    assert (secret.kind, secret.count) == ("secret", 1)


def test_samples_come_from_all_over_and_are_always_the_same() -> None:
    rows = [("filter", "no_words", "blog/a.md", f"text {at:02}") for at in range(9)]
    (found,) = tallies.removals(rejections(*rows), NAMES)
    assert [one.text for one in found.samples] == ["text 00", "text 03", "text 06"]
    assert tallies.removals(rejections(*reversed(rows)), NAMES) == (found,)


def test_rights_name_what_is_missing() -> None:
    assert tallies.rights(PERSONA).missing == ()
    assert tallies.rights(PERSONA.model_copy(update={"consent": None, "owner": None})).missing == ("owner", "consent")
