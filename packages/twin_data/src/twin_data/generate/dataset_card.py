"""The card of an exported dataset, for its readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from twin_data.contracts.datasets import DatasetCertificate, Instruction, Preference
from twin_data.contracts.digests import short


def dataset_card(
    rows: Sequence[Instruction] | Sequence[Preference], certificate: DatasetCertificate, licence: str
) -> str:
    """Markdown: what the dataset is, what it was made of, and how it stood against each bar."""
    tasks = Counter(str(row.task) for row in rows)
    kinds = Counter(str(row.response_source) if isinstance(row, Instruction) else str(row.reason) for row in rows)
    verdict = "passed" if certificate.passed else "FAILED: do not train on it"
    return "\n".join(
        [
            f"# {certificate.persona}: {certificate.kind}",
            "",
            f"{certificate.rows:,} rows, {certificate.held_out_rows:,} of them held out; digest "
            f"`{short(certificate.dataset_digest)}`; licence of the material: {licence}; teacher: "
            f"{_teacher(certificate)}; certificate {verdict}.",
            "",
            "Every response that is not a refusal is made of the persona's own words; `certificate.json` says how each "
            "was traced, `files.json` names each file's SHA-256.",
            "",
            *_table(("task", "rows"), sorted(tasks.items())),
            *_table(
                ("made of" if rows and isinstance(rows[0], Instruction) else "fault", "rows"), sorted(kinds.items())
            ),
            *_table(
                ("check", "value", "wanted", "passed"),
                [(one.name, f"{one.value:g}", one.wanted, "yes" if one.passed else "NO") for one in certificate.checks],
            ),
            *_table(("input", "digest"), [(one.name, short(one.digest)) for one in certificate.inputs]),
            "`train.jsonl` and `held_out.jsonl` are for TRL; `messages/` holds the same rows for LLaMA-Factory "
            "(`llamafactory/dataset_info.json`) and axolotl (`axolotl.yaml`).",
            "",
        ]
    )


def _teacher(certificate: DatasetCertificate) -> str:
    if not certificate.teacher_asked:
        return certificate.teacher
    return (
        f"{certificate.teacher}, which worded {certificate.teacher_worded:,} of the {certificate.teacher_asked:,} "
        "questions that it was asked (`wordings.jsonl`)"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines] + [""]
