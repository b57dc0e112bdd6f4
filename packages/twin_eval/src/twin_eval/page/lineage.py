"""The page's part on where a bundle came from: parts, tables, certified datasets, training and its effect."""

from __future__ import annotations

from dataclasses import dataclass

from twin_data.contracts.datasets import CertificateCheck, DatasetVersion
from twin_data.contracts.digests import short
from twin_data.contracts.releases import ReleaseBundle
from twin_data.contracts.training import TrainingRecord
from twin_data.registry.model_card import preference_words
from twin_eval.figures import figure
from twin_eval.model_card import Origin


@dataclass(frozen=True)
class DatasetPart:
    """A dataset and each check of its certificate."""

    title: str
    passed: bool
    note: str
    checks: tuple[CertificateCheck, ...]


@dataclass(frozen=True)
class TrainingLine:
    """A stage of training, as text."""

    stage: str
    steps: str
    tokens: str
    pace: str
    minutes: str
    memory: str
    loss: str
    eval_loss: str
    seed: int
    device: str


@dataclass(frozen=True)
class LineagePart:
    """All that the template shows of a bundle's origin."""

    rows: tuple[tuple[str, str], ...]
    datasets: tuple[DatasetPart, ...]
    training: tuple[TrainingLine, ...]
    effects: tuple[str, ...]
    """What preference optimisation did, by held-out pairs."""


def lineage_part(origin: Origin) -> LineagePart:
    """What the bundle was made of."""
    lineage = origin.manifest.lineage
    return LineagePart(
        rows=_rows(origin.manifest),
        datasets=tuple(_dataset(one, origin) for one in lineage.datasets),
        training=tuple(map(_training, lineage.training)),
        effects=tuple(preference_words(one) for one in lineage.training if one.preference_effect),
    )


def _rows(manifest: ReleaseBundle) -> tuple[tuple[str, str], ...]:
    lineage, base = manifest.lineage, manifest.base_model
    tables = ", ".join(f"{table} v{version}" for table, version in sorted(lineage.table_versions.items()))
    rows = [
        ("bundle", f"{manifest.model_name}, {manifest.rung}" + (f" ({manifest.label})" if manifest.label else "")),
        ("base model", f"{base.name} from {base.source}, {base.licence}, digest {short(base.digest)}"),
        ("sentence encoder", f"{manifest.embedding_model.name}, digest {short(manifest.embedding_model.digest)}"),
        ("prompt templates", f"digest {short(manifest.prompt_digest)}, {len(manifest.examples)} examples"),
        ("persona", f"digest {short(lineage.persona_digest)}, consent of {lineage.consent_date.isoformat()}"),
        ("corpus", f"features {short(lineage.features_digest)}, index {lineage.index}, {lineage.corpus_licence}"),
        ("tables", tables or "none are named"),
        ("recipe", f"{lineage.recipe}, digest {short(lineage.recipe_digest)}; code {short(lineage.code_digest)}"),
    ]
    if lineage.parent:
        rows.append(("trained on", f"bundle {lineage.parent}"))
    if lineage.seed_sibling_of:
        rows.append(("under another seed", f"the training of bundle {lineage.seed_sibling_of}"))
    if not lineage.training:
        rows.append(("training", "none: nothing was trained for this bundle"))
    if lineage.override_reason:
        rows.append(("trained although advised against", lineage.override_reason))
    return tuple(rows)


def _dataset(one: DatasetVersion, origin: Origin) -> DatasetPart:
    certificate = origin.certificate(one)
    title = f"{one.kind}: {one.rows:,} rows, {one.held_out_rows:,} held out, table v{one.table_version}"
    note = f"digest {short(one.digest)}"
    if certificate is None:
        return DatasetPart(title, one.passed, f"{note}; the certificate itself is not at hand", ())
    if certificate.teacher_asked:
        note += (
            f"; {certificate.teacher} worded {certificate.teacher_worded:,} of {certificate.teacher_asked:,} questions"
        )
    return DatasetPart(title, one.passed, note, certificate.checks)


def _training(one: TrainingRecord) -> TrainingLine:
    resumed = f", resumed {len(one.resumed_at)}×" if one.resumed_at else ""
    return TrainingLine(
        stage=one.stage.value,
        steps=f"{one.steps:,}{resumed}",
        tokens=f"{one.tokens:,}",
        pace=f"{one.tokens_per_second:,.0f}",
        minutes=f"{one.seconds / 60:.1f}",
        memory=f"{one.peak_memory_mb / 1024:.1f}",
        loss=f"{one.first_loss:.3f} → {one.final_loss:.3f}",
        eval_loss=figure(one.eval_loss),
        seed=one.seed,
        device=f"{one.world_size} × {one.device}, {one.dtype}" + (f", ZeRO-{one.zero_stage}" if one.zero_stage else ""),
    )
