from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.documents import Chunk, CleanDocument, CorpusDocument, RawDocument, Rejection
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, HeldOutQuestion
from twin_data.contracts.releases import Lineage, ModelReference
from twin_data.store.schemas import schema_of, to_frame, to_rows
from twin_data.store.stages import StageRecord
from twin_data.store.tables import FeatureStore, TableVersion

TABLES = [
    RawDocument,
    CleanDocument,
    CorpusDocument,
    Rejection,
    Chunk,
    StageRecord,
    TableVersion,
    ModelReference,
    TwinOptions,
    HeldOutQuestion,
    EvaluationReport,
    GateDecision,
]


@pytest.mark.parametrize("contract", TABLES, ids=lambda one: one.__name__)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_rows_come_back_from_a_frame(
    contract: type[BaseModel],
    contract_strategy: Callable[[type[BaseModel]], st.SearchStrategy[Any]],
    data: st.DataObject,
) -> None:
    rows = tuple(data.draw(st.lists(contract_strategy(contract), max_size=3)))
    frame = to_frame(rows, contract)
    assert frame.schema == schema_of(contract)
    assert to_rows(frame, contract) == rows


@pytest.mark.parametrize("contract", TABLES, ids=lambda one: one.__name__)
def test_a_table_of_nothing_keeps_its_columns(contract: type[BaseModel], store: FeatureStore) -> None:
    store.write("t", to_frame([], contract))
    found = store.read("t")
    assert found.schema == schema_of(contract)
    assert to_rows(found, contract) == ()


def test_the_schema_of_chunks_is_fixed() -> None:
    span = pl.Struct({"start": pl.Int64, "end": pl.Int64})
    assert schema_of(Chunk) == pl.Schema(
        {
            "chunk_id": pl.String,
            "document_id": pl.String,
            "document_digest": pl.String,
            "start": pl.Int64,
            "end": pl.Int64,
            "text": pl.String,
            "own": pl.List(span),
            "section": pl.String,
            "context": pl.String,
            "title": pl.String,
            "date": pl.Date,
            "url": pl.String,
            "source": pl.String,
            "kind": pl.String,
            "family": pl.String,
            "split": pl.String,
        }
    )


def test_a_dictionary_is_no_column() -> None:
    with pytest.raises(TypeError, match=r"a table cannot hold dict\[str, int\]"):
        schema_of(Lineage)
