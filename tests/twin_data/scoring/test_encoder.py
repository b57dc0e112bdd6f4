"""A graph of a few nodes stands for the exported model: it averages one-hot rows of the tokens that are not padding."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from twin_data.contracts.errors import IntegrityError, ModelError
from twin_data.scoring.encoder import (
    MANIFEST_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    RememberingEncoder,
    SentenceEncoder,
    read_model_reference,
    write_model_manifest,
)

WORDS = {"[PAD]": 0, "[UNK]": 1, "tide": 2, "gate": 3, "lock": 4, "the": 5, ".": 6}
MAX_TOKENS = 6


def graph() -> onnx.ModelProto:
    table = numpy_helper.from_array(np.eye(len(WORDS), dtype=np.float32), "table")
    axis = numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")
    last = numpy_helper.from_array(np.array([2], dtype=np.int64), "last")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),  # B, T, D
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["rows", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axis"], ["summed"], keepdims=0),
        helper.make_node("LpNormalization", ["summed"], ["sentence_embedding"], axis=-1, p=2),
        helper.make_node("LpNormalization", ["rows"], ["piece_embeddings"], axis=-1, p=2),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [
        helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", len(WORDS)]),
        helper.make_tensor_value_info("piece_embeddings", TensorProto.FLOAT, ["batch", "length", len(WORDS)]),
    ]
    body = helper.make_graph(nodes, "mean", inputs, outputs, [table, axis, last])
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    onnx.save(graph(), folder / MODEL_FILE)
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / TOKENIZER_FILE))
    write_model_manifest(folder, name="tiny", source="s", licence="l", dimensions=len(WORDS), max_tokens=MAX_TOKENS)
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder)


TEXTS = ["tide gate lock tide", "gate", "tide tide tide tide tide", "lock gate", "gate"]


def test_vectors_are_unit_length_and_in_the_order_of_the_texts(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, encoder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    assert vectors[1].tolist() == vectors[4].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert vectors[3] == pytest.approx([0, 0, 0, 2**-0.5, 2**-0.5, 0, 0])


@pytest.mark.parametrize("batch_size", [1, 2, 3, 16])
def test_what_shares_a_batch_makes_no_difference(encoder: SentenceEncoder, batch_size: int) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.allclose(encoder.encode(TEXTS, batch_size=batch_size), alone)


def test_what_goes_beyond_the_limit_is_cut(encoder: SentenceEncoder) -> None:
    beyond = " ".join(["tide"] * MAX_TOKENS)
    assert np.array_equal(encoder.encode([beyond + " gate gate gate"]), encoder.encode([beyond]))


def test_pieces_are_those_that_carry_meaning_in_their_order(encoder: SentenceEncoder) -> None:
    vectors, pieces = encoder.encode_passages(["the tide . gate", "lock", "the .", "tide gate tide the lock"])
    assert np.array_equal(vectors, encoder.encode(["the tide . gate", "lock", "the .", "tide gate tide the lock"]))
    assert [one.argmax(axis=1).tolist() for one in pieces] == [[2, 3], [4], [], [2, 3, 2, 4]]
    assert all(one.dtype == np.int8 and one.shape[1] == encoder.dimensions for one in pieces)
    assert pieces[1].max() == 127
    _, (again,) = RememberingEncoder(encoder).encode_passages(["the tide . gate"])
    assert np.array_equal(again, pieces[0])


def test_no_texts(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_graph_of_an_older_version_is_refused_when_it_is_opened(folder: Path, tmp_path: Path) -> None:
    older = graph()
    del older.graph.output[1]
    onnx.save(older, tmp_path / MODEL_FILE)
    shutil.copyfile(folder / TOKENIZER_FILE, tmp_path / TOKENIZER_FILE)
    write_model_manifest(tmp_path, name="tiny", source="s", licence="l", dimensions=len(WORDS), max_tokens=MAX_TOKENS)
    with pytest.raises(ModelError, match="exported by an older version") as refused:
        SentenceEncoder(tmp_path)
    assert refused.value.next_step.startswith("twin features")


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model in"):
        SentenceEncoder(tmp_path)


def test_a_changed_file_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert read_model_reference(tmp_path) == read_model_reference(folder)
    with (tmp_path / TOKENIZER_FILE).open("a") as stream:
        stream.write(" ")
    with pytest.raises(IntegrityError, match="the manifest says") as caught:
        SentenceEncoder(tmp_path)
    assert caught.value.next_step.startswith("delete")


def test_the_manifest_is_no_part_of_the_digest(folder: Path) -> None:
    before = read_model_reference(folder)
    again = write_model_manifest(
        folder, name="tiny", source="s", licence="l", dimensions=len(WORDS), max_tokens=MAX_TOKENS
    )
    assert again == before
    assert (folder / MANIFEST_FILE).is_file()


class Counting:
    """Counts what the encoder behind it is asked."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.dimensions = encoder.dimensions
        self.asked: list[str] = []
        self._encoder = encoder

    def encode(self, texts: list[str]) -> np.ndarray:
        self.asked += texts
        return self._encoder.encode(texts)


def test_what_was_embedded_before_is_remembered(encoder: SentenceEncoder) -> None:
    counting = Counting(encoder)
    remembering = RememberingEncoder(counting)  # type: ignore[arg-type]
    texts = ["tide", "gate lock", "tide"]
    assert np.array_equal(remembering.encode(texts), encoder.encode(texts))
    assert np.array_equal(remembering.encode(["lock", "gate lock"]), encoder.encode(["lock", "gate lock"]))
    assert counting.asked == ["tide", "gate lock", "lock"]
    assert remembering.encode([]).shape == (0, encoder.dimensions)


def test_the_texts_used_last_are_kept(encoder: SentenceEncoder) -> None:
    counting = Counting(encoder)
    remembering = RememberingEncoder(counting, most=2)  # type: ignore[arg-type]
    for text in ("tide", "gate", "tide", "lock", "tide", "gate"):
        remembering.encode([text])
    assert counting.asked == ["tide", "gate", "lock", "gate"]
