"""Embeddings on ONNX Runtime: the same encoder for the index and for the query, named by digest."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from twin_data.contracts.digests import digest_folder
from twin_data.contracts.errors import IntegrityError, ModelError
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.late_interaction import Pieces, is_telling, quantised

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"

SENTENCE_OUTPUT, PIECES_OUTPUT = "sentence_embedding", "piece_embeddings"
"""Names of the graph's outputs: unit vectors of the texts (B, D), and of their word pieces (B, T, D)."""

Vectors = NDArray[np.float32]


class SentenceEncoder:
    """An exported encoder: texts in, unit vectors out.

    Pooling and normalisation are inside the graph, so that no second implementation of them can differ.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Open the exported model in `folder` and check it against its manifest.

        Raises:
            ModelError: There is no exported model there, or one of an older version that gives no pieces.
            IntegrityError: Its files are not those whose digest the manifest states.
        """
        self.reference = read_model_reference(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(folder / MODEL_FILE, options, providers=["CPUExecutionProvider"])
        if PIECES_OUTPUT not in {one.name for one in self._session.get_outputs()}:
            raise ModelError(
                f"the encoder in {folder} was exported by an older version and gives no vectors of word pieces",
                next_step="twin features PERSONA embeds and indexes with a new one, then twin evaluate PERSONA",
            )
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        manifest = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        self.dimensions: int = manifest["dimensions"]
        self.max_tokens: int = manifest["max_tokens"]
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.enable_padding()
        vocabulary = self._tokenizer.get_vocab()
        self._telling = np.zeros(max(vocabulary.values()) + 1, dtype=bool)
        self._telling[[at for piece, at in vocabulary.items() if is_telling(piece)]] = True

    def encode(self, texts: list[str], *, batch_size: int = 16) -> Vectors:
        """Embed texts.

        Args:
            texts: Any number of texts; what goes beyond `max_tokens` word pieces is cut.
            batch_size: Texts per forward pass. Texts of like length are batched together.

        Returns:
            Unit vectors, shape (len(texts), dimensions), float32, in the order of `texts`.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for rows in _batches(texts, batch_size):
            (vectors[rows],) = self._session.run([SENTENCE_OUTPUT], self._feeds([texts[i] for i in rows]))
        return vectors

    def encode_passages(self, texts: list[str], *, batch_size: int = 16) -> tuple[Vectors, list[Pieces]]:
        """Embed texts and their telling word pieces, each in its context, in one pass.

        Returns:
            Unit vectors of the texts, shape (len(texts), dimensions), and the pieces of each.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        pieces: dict[int, Pieces] = {}
        for rows in _batches(texts, batch_size):
            feeds = self._feeds([texts[i] for i in rows])
            vectors[rows], tokens = self._session.run([SENTENCE_OUTPUT, PIECES_OUTPUT], feeds)
            kept = self._telling[feeds["input_ids"]] & (feeds["attention_mask"] > 0)
            pieces |= {row: quantised(tokens[at][kept[at]]) for at, row in enumerate(rows)}
        return vectors, [pieces[row] for row in range(len(texts))]

    def _feeds(self, texts: list[str]) -> dict[str, NDArray[np.int64]]:
        encodings = self._tokenizer.encode_batch(texts)
        return {
            "input_ids": np.array([one.ids for one in encodings], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in encodings], dtype=np.int64),
        }


def _batches(texts: list[str], size: int) -> Iterator[list[int]]:
    """Indices of texts of like length, together: what is short is not padded to what is long."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for at in range(0, len(order), size):
        yield order[at : at + size]


class RememberingEncoder:
    """An encoder that keeps what it has embedded: the sentences of an archive are met again with every question.

    Safe for several threads; two that meet the same new text at once both embed it.
    """

    def __init__(self, encoder: SentenceEncoder, *, most: int = 20_000) -> None:
        """Remember nothing yet.

        Args:
            encoder: Does the work.
            most: Texts that are kept, the ones used last; some 1.5 KB each with 384 dimensions.
        """
        self._encoder = encoder
        self._most = most
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimensions), as the encoder gives them."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
            for text in found:
                self._known.move_to_end(text)
        if new := [text for text in dict.fromkeys(texts) if text not in found]:
            found |= zip(new, self._encoder.encode(new), strict=True)
            self._keep({text: found[text] for text in new})
        if not texts:
            return np.zeros((0, self._encoder.dimensions), dtype=np.float32)
        return np.stack([found[text] for text in texts])

    def encode_passages(self, texts: list[str]) -> tuple[Vectors, list[Pieces]]:
        """Vectors and pieces of each text; questions are seldom asked twice, so none are kept."""
        return self._encoder.encode_passages(texts)

    def _keep(self, vectors: dict[str, Vectors]) -> None:
        with self._lock:
            self._known.update(vectors)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def read_model_reference(folder: Path) -> ModelReference:
    """Name, origin and digest of a materialised model, checked against the files.

    Raises:
        ModelError: There is no manifest.
        IntegrityError: A file was changed since the manifest was written.
    """
    if not (folder / MANIFEST_FILE).is_file():
        raise ModelError(f"there is no model in {folder}", next_step="run `twin features PERSONA`, which prepares it")
    reference = stated_reference(folder)
    if (found := digest_folder(folder, ignore=frozenset({MANIFEST_FILE}))) != reference.digest:
        raise IntegrityError(
            f"the files in {folder} have digest {found[:12]}, the manifest says {reference.digest[:12]}",
            next_step=f"delete {folder} and run the same command again",
        )
    return reference


def stated_reference(folder: Path) -> ModelReference:
    """What the manifest in a folder says of its model; its files are not read."""
    return ModelReference.model_validate(json.loads((folder / MANIFEST_FILE).read_text("utf-8"))["reference"])


def write_model_manifest(folder: Path, *, name: str, source: str, licence: str, **facts: object) -> ModelReference:
    """Name the model in `folder` by the digest of its files; written last, so that its presence means complete."""
    reference = ModelReference(
        name=name, source=source, licence=licence, digest=digest_folder(folder, ignore=frozenset({MANIFEST_FILE}))
    )
    body = {"reference": reference.model_dump(), **facts}
    (folder / MANIFEST_FILE).write_text(json.dumps(body, indent=2) + "\n", "utf-8")
    return reference
