from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from twin_data.contracts.documents import BLOCK_SEPARATOR, DocumentKind, RawDocument, block_spans


@given(st.lists(st.text(), max_size=5))
def test_spans_find_each_text_again(texts: list[str]) -> None:
    joined = BLOCK_SEPARATOR.join(texts)
    spans = block_spans(texts)
    assert [span.of(joined) for span in spans] == texts
    assert not spans or spans[-1].end == len(joined)


@given(data=st.data())
def test_a_raw_document_knows_where_its_blocks_lie(
    contract_strategy: Callable[[type[BaseModel]], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    raw = data.draw(contract_strategy(RawDocument))
    assert [span.of(raw.text) for span in raw.spans] == [block.text for block in raw.blocks]


def test_which_kinds_may_be_short() -> None:
    assert {kind for kind in DocumentKind if not kind.is_short_form} == {
        DocumentKind.ARTICLE,
        DocumentKind.TRANSCRIPT,
    }
