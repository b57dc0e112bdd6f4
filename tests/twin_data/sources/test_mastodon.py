"""Outboxes of Mastodon, also damaged ones; what is read of a whole one stands in `exports/mastodon.expected.txt`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import RawDocument
from twin_data.sources.mastodon import MastodonReader
from twin_data.sources.reader import ReadContext, Reading, Unreadable

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just(PUBLIC)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["type", "object", "id", "to", "cc", "content", "inReplyTo", "published", "summary", "url"]
            ),
            inner,
        ),
    ),
    max_leaves=12,
)


def read(folder: Path, outbox: str) -> list[Reading]:
    (folder / "outbox.json").write_text(outbox, "utf-8")
    return list(MastodonReader().read(folder, ReadContext("social", folder, Author(name="Nora Fenwick"))))


@given(st.lists(_JSON, max_size=4))
def test_every_activity_is_a_post_or_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, items: list[object]
) -> None:
    found = read(tmp_path_factory.mktemp("box"), json.dumps({"type": "OrderedCollection", "orderedItems": items}))
    assert len(found) == len([one for one in items if isinstance(one, dict)])
    ids = [one.document_id for one in found if isinstance(one, RawDocument)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("outbox", ['{"type": "OrderedCollection"', '{"type": "OrderedCollection"}', "[]"])
def test_what_is_no_outbox_is_said(tmp_path: Path, outbox: str) -> None:
    with pytest.raises(Unreadable, match="outbox.json"):
        read(tmp_path, outbox)


def test_posts_that_answer_each_other_in_a_ring_end(tmp_path: Path) -> None:
    items = [
        {"type": "Create", "to": PUBLIC, "object": {"id": one, "inReplyTo": other, "to": PUBLIC, "content": "Mine."}}
        for one, other in (
            ("https://x.example/1", "https://x.example/2"),
            ("https://x.example/2", "https://x.example/1"),
        )
    ]
    found = read(tmp_path, json.dumps({"type": "OrderedCollection", "orderedItems": items}))
    assert all(isinstance(one, RawDocument) and one.thread for one in found)
