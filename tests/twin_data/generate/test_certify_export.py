"""Certificates that can fail, and the folder that a dataset is written to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from twin_data.contracts.answers import Turn
from twin_data.contracts.datasets import (
    DatasetCertificate,
    DatasetKind,
    Instruction,
    Preference,
    RejectedReason,
    ResponseSource,
    TaskKind,
)
from twin_data.contracts.digests import digest_bytes, digest_rows
from twin_data.contracts.documents import Rejection, Split
from twin_data.contracts.errors import IntegrityError
from twin_data.generate.certify import CertifyInputs, certify_instructions, certify_preferences, trace_fault
from twin_data.generate.export import write_dataset
from twin_data.generate.instructions import InstructionConfig, InstructionInputs, InstructionSet, run
from twin_data.generate.material import Material, source_span


@pytest.fixture(scope="module")
def inputs(material: Material, made: InstructionSet) -> CertifyInputs:
    return CertifyInputs("sample", material, made.dropped, {"documents": "d", "chunks": "c"}, "none", 50)


def _failed(certificate: DatasetCertificate) -> set[str]:
    return {check.name for check in certificate.checks if not check.passed}


def _changed(made: InstructionSet, choose: Callable[[Instruction], bool], **update: object) -> list[Instruction]:
    at = next(at for at, row in enumerate(made.instructions) if choose(row))
    rows = list(made.instructions)
    rows[at] = rows[at].model_copy(update=update)
    return rows


def test_the_sample_passes(made: InstructionSet, inputs: CertifyInputs) -> None:
    certificate = certify_instructions(made.instructions, inputs)
    assert _failed(certificate) == set() and certificate.passed
    assert sum(one.rows for one in certificate.counts if one.stage.startswith("made:")) == certificate.rows
    assert certificate.held_out_rows > 0


GERMAN = (
    "Ich verlege seit zwanzig Jahren Schiefer, und ich schätze den ersten Gang immer noch falsch ein. Wenn das Dach "
    "alt ist, bewegen sich die Latten in der Sonne. Der Kalk in Hexham verzeiht, was der Zement nicht verzeiht."
)


def test_a_text_in_another_language_gives_no_rows_and_the_certificate_says_why(
    small_material: Callable[..., Material],
) -> None:
    english = "The roof is finished, and on Monday it rained. Not a drop of it came through in all of the night."
    own = small_material({**{f"notes/{name}.md": [GERMAN] for name in "abc"}, "notes/d.md": [f"{english} {GERMAN}"]})
    found = run(InstructionInputs(own), config=InstructionConfig(write_words=(20, 90)))
    assert not [row for row in found.instructions if row.task is TaskKind.WRITE or "ich" in row.response]
    assert Counter(row.reason for row in found.dropped)["not_english"] >= 3 * 4 + 1, "sentences and stretches"
    certificate = certify_instructions(
        found.instructions, CertifyInputs("ann", own, found.dropped, {"documents": "d"}, "none", 50)
    )
    rows = next(one for one in certificate.checks if one.name == "rows")
    assert not rows.passed and rows.detail.endswith("stretches dropped as not_english")


def test_own_words_that_are_not_the_spans_fail(made: InstructionSet, inputs: CertifyInputs) -> None:
    rows = _changed(made, lambda row: row.response_source is ResponseSource.OWN, response="Somebody else wrote this.")
    assert _failed(certify_instructions(rows, inputs)) == {"span_traceability"}


def test_an_adapted_response_with_a_new_word_fails(made: InstructionSet, inputs: CertifyInputs) -> None:
    row = next(one for one in made.instructions if one.response_source is ResponseSource.ADAPTED)
    rows = _changed(made, lambda one: one == row, response=f"{row.response} Zeppelins are better.")
    assert _failed(certify_instructions(rows, inputs)) == {"span_traceability"}


@pytest.mark.parametrize(
    ("said", "response"),
    [
        (
            "The nails are not cheap at all, and I never use the galvanised ones.",
            "The nails are cheap, and I use the galvanised ones.",
        ),
        ("The roof did not leak in the rain.", "The roof did leak in the rain."),
    ],
)
def test_an_adapted_response_may_not_deny_its_spans(
    small_material: Callable[..., Material], said: str, response: str
) -> None:
    own = small_material({"notes/a.md": [said]})
    spans = (source_span(own.documents[0], 0, len(said)),)
    assert trace_fault(own, response, ResponseSource.ADAPTED, spans, ())
    turned = "The nails, at all, are not cheap, and I never use the galvanised ones."
    kept = turned if "nails" in said else said
    assert trace_fault(own, kept, ResponseSource.ADAPTED, spans, ()) == ""


def test_a_stale_document_fails(made: InstructionSet, inputs: CertifyInputs) -> None:
    row = next(one for one in made.instructions if one.spans)
    stale = row.spans[0].model_copy(update={"document_digest": "0"})
    rows = _changed(made, lambda one: one == row, spans=(stale, *row.spans[1:]))
    assert _failed(certify_instructions(rows, inputs)) == {"span_traceability"}


def test_a_passage_of_the_test_set_fails(made: InstructionSet, inputs: CertifyInputs, material: Material) -> None:
    held_out = next(one for one in material.documents if one.split is Split.TEST and len(one.text.split()) > 60)
    words = " ".join(held_out.text.split()[:40])
    row = next(one for one in made.instructions if one.context)
    prompt = (*row.prompt[:-1], Turn(role="user", content=f"{row.prompt[-1].content} {words}"))
    rows = _changed(made, lambda one: one == row, prompt=prompt)
    assert _failed(certify_instructions(rows, inputs)) == {"test_set_overlap_13_grams"}


def test_a_span_that_may_not_train_fails(made: InstructionSet, inputs: CertifyInputs, material: Material) -> None:
    span = next(one for one in made.instructions if one.spans).spans[0]
    banned = Rejection(
        stage="decontaminate", document_id=span.document_id, text_digest=span.document_digest,
        start=span.start, end=span.end, reason="r", redacted_text="",
    )  # fmt: skip
    stricter = replace(inputs, material=replace(material, exclusions=(*material.exclusions, banned)))
    assert _failed(certify_instructions(made.instructions, stricter)) == {"test_set_overlap_13_grams"}


def test_a_prompt_asked_twice_fails(made: InstructionSet, inputs: CertifyInputs) -> None:
    first, second = made.instructions[:2]
    rows = _changed(made, lambda one: one == first, prompt=second.prompt)
    assert _failed(certify_instructions(rows, inputs)) == {"duplicate_instructions"}


def test_a_worn_wording_an_echo_and_too_few_rows_fail(made: InstructionSet, inputs: CertifyInputs) -> None:
    few = [row.model_copy(update={"template": "say_about"}) for row in made.instructions[:20]]
    assert {"rows", "largest_template_share"} <= _failed(certify_instructions(few, inputs))
    echo = "You write in the first person, in your own voice."
    rows = _changed(made, lambda one: one.task is TaskKind.DECLINE, response=echo)
    assert _failed(certify_instructions(rows, inputs)) == {"template_echo_in_responses"}


def test_no_rows_at_all_fail(inputs: CertifyInputs) -> None:
    assert {"rows", "span_traceability"} <= _failed(certify_instructions([], inputs))


@pytest.fixture(scope="module")
def pairs(made: InstructionSet) -> list[Preference]:
    rows = [row for row in made.instructions if row.task is not TaskKind.WRITE]
    return [
        Preference(
            preference_id=row.instruction_id,
            task=row.task,
            prompt=row.prompt,
            chosen=row.response,
            chosen_source=row.response_source,
            rejected="wrong " * len(row.response.split()),
            reason=RejectedReason.WRONGLY_ANSWERED if not row.spans else RejectedReason.WRONGLY_REFUSED,
            spans=row.spans,
            context=row.context,
            chosen_voice=1.0,
            rejected_voice=0.0,
        )
        for row in rows
    ]


def test_pairs_pass_and_fail_by_length_voice_and_direction(pairs: list[Preference], inputs: CertifyInputs) -> None:
    assert _failed(certify_preferences(pairs, inputs)) == set()
    longer = [one.model_copy(update={"rejected": "wrong"}) for one in pairs]
    assert _failed(certify_preferences(longer, inputs)) == {"length_ratio_chosen_to_rejected"}
    dull = [one.model_copy(update={"chosen_voice": -1.0}) for one in pairs]
    assert _failed(certify_preferences(dull, inputs)) == {"voice_of_chosen_less_rejected"}
    one_way = [one.model_copy(update={"reason": RejectedReason.WRONGLY_REFUSED}) for one in pairs]
    assert _failed(certify_preferences(one_way, inputs)) == {"refusal_pairs_each_way"}
    same = [*pairs[1:], pairs[0].model_copy(update={"rejected": pairs[0].chosen})]
    assert _failed(certify_preferences(same, inputs)) == {"chosen_equals_rejected"}


def test_a_draft_that_no_passage_supports_cannot_be_chosen(pairs: list[Preference], inputs: CertifyInputs) -> None:
    at = next(at for at, one in enumerate(pairs) if one.spans)
    said = {"chosen": "Zeppelins crossed the estuary every Michaelmas.", "chosen_source": ResponseSource.DRAFT}
    rows = [*pairs[:at], pairs[at].model_copy(update=said), *pairs[at + 1 :]]
    assert "span_traceability" in _failed(certify_preferences(rows, inputs))


def test_a_dataset_is_written_whole_and_named_by_its_rows(
    made: InstructionSet, inputs: CertifyInputs, tmp_path: Path
) -> None:
    certificate = certify_instructions(made.instructions, inputs)
    written = write_dataset(tmp_path, made.instructions, certificate, table_version=3, licence="CC0-1.0")
    assert written.folder.name == f"instructions-{digest_rows(made.instructions)[:12]}"
    assert written.version.passed and written.version.table_version == 3
    files = json.loads((written.folder / "files.json").read_text("utf-8"))
    found = {
        str(path.relative_to(written.folder)): digest_bytes(path.read_bytes())
        for path in written.folder.rglob("*")
        if path.is_file() and path.name != "files.json"
    }
    assert files == found
    certified = DatasetCertificate.model_validate_json((written.folder / "certificate.json").read_text("utf-8"))
    assert certified == certificate
    train = [json.loads(line) for line in (written.folder / "train.jsonl").read_text("utf-8").splitlines()]
    held = (written.folder / "held_out.jsonl").read_text("utf-8").splitlines()
    assert len(train) + len(held) == len(made.instructions) and len(held) == certificate.held_out_rows
    assert train[0]["prompt"][0]["role"] == "system" and train[0]["completion"][0]["role"] == "assistant"
    before = {path: path.stat().st_mtime_ns for path in written.folder.rglob("*")}
    write_dataset(tmp_path, made.instructions[::-1], certificate, table_version=3, licence="CC0-1.0")
    assert {path: path.stat().st_mtime_ns for path in written.folder.rglob("*")} == before


def test_a_damaged_folder_is_written_anew(made: InstructionSet, inputs: CertifyInputs, tmp_path: Path) -> None:
    certificate = certify_instructions(made.instructions, inputs)
    folder = write_dataset(tmp_path, made.instructions, certificate, table_version=1, licence="x").folder
    whole = (folder / "train.jsonl").read_bytes()
    (folder / "train.jsonl").write_bytes(whole[:100])
    write_dataset(tmp_path, made.instructions, certificate, table_version=1, licence="x")
    assert (folder / "train.jsonl").read_bytes() == whole


def test_another_datasets_certificate_is_refused(made: InstructionSet, inputs: CertifyInputs, tmp_path: Path) -> None:
    certificate = certify_instructions(made.instructions, inputs)
    with pytest.raises(IntegrityError, match="certificate says"):
        write_dataset(tmp_path, made.instructions[1:], certificate, table_version=1, licence="x")
    assert not list(tmp_path.iterdir())


def test_other_trainers_find_their_files(
    made: InstructionSet, pairs: list[Preference], inputs: CertifyInputs, tmp_path: Path
) -> None:
    for rows, certificate in (
        (made.instructions, certify_instructions(made.instructions, inputs)),
        (pairs, certify_preferences(pairs, inputs)),
    ):
        folder = write_dataset(tmp_path, rows, certificate, table_version=1, licence="x").folder
        listed = json.loads((folder / "llamafactory" / "dataset_info.json").read_text("utf-8"))
        for entry in listed.values():
            path = folder / "llamafactory" / entry["file_name"]
            for line in path.read_text("utf-8").splitlines()[:3]:
                assert set(entry["columns"].values()) <= set(json.loads(line))
        config = yaml.safe_load((folder / "axolotl.yaml").read_text("utf-8"))
        assert all((folder / one["path"]).is_file() for one in [*config["datasets"], *config["test_datasets"]])
        assert (config.get("rl") == "dpo") is (certificate.kind is DatasetKind.PREFERENCES)
        assert "passed" in (folder / "README.md").read_text("utf-8")
