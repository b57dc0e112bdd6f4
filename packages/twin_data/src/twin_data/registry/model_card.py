"""The texts that go with a bundle for people: a model card, and what may be done with its parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.datasets import DatasetCertificate, DatasetKind, DatasetVersion
from twin_data.contracts.digests import short
from twin_data.contracts.releases import ModelReference, ReleaseBundle
from twin_data.contracts.training import TrainingRecord

CERTIFICATES_FOLDER = "lineage/certificates"
"""Of a bundle: the certificate of each dataset that it was trained on, `<kind>.json`."""
ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class CardFacts:
    """What a card says beside the manifest: read from the bundle's own files, so that card and files agree."""

    certificates: tuple[DatasetCertificate, ...] = ()
    adapter: str = ""
    """Rank, scale and targets of the adapter, in words."""

    def certificate(self, dataset: DatasetVersion) -> DatasetCertificate | None:
        """The certificate of exactly this dataset."""
        return next((one for one in self.certificates if one.dataset_digest == dataset.digest), None)


def card_facts(folder: Path, manifest: ReleaseBundle) -> CardFacts:
    """What a bundle's folder holds for its card; what is missing or cannot be read stays unsaid."""
    found = [read_certificate(folder / CERTIFICATES_FOLDER / f"{kind}.json") for kind in DatasetKind]
    adapter = folder / manifest.adapter / ADAPTER_CONFIG if manifest.adapter else None
    return CardFacts(tuple(one for one in found if one), _adapter_words(adapter) if adapter else "")


def read_certificate(path: Path) -> DatasetCertificate | None:
    """A dataset's certificate; None where there is none that this release can read."""
    try:
        return DatasetCertificate.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def model_card(manifest: ReleaseBundle, facts: CardFacts = CardFacts()) -> str:
    """A model card in Markdown. An evaluation adds its section to a copy: what is registered never changes."""
    lineage = manifest.lineage
    return f"""# {manifest.display_name}: bundle {manifest.bundle_id}

A twin of the writer {manifest.display_name}: {_what_it_does(manifest)}
It is a program, not the person. Asked what it is, it says: "{manifest.disclosure}"

| | |
|---|---|
| served as | `{manifest.model_name}` |
| kind | {manifest.rung}{f" ({_cell(manifest.label)})" if manifest.label else ""} |
| base model | {_name(manifest.base_model)} |
| adapter | {_adapter(manifest, facts)} |
| sentence encoder | {_name(manifest.embedding_model)} |
| context | {manifest.max_model_len} tokens |
| prompt templates | digest {manifest.prompt_digest[:12]}, {len(manifest.examples)} examples |

## Use

{_use(manifest)} It is not for advice on health, law or money, nor for
passing its words off as the person's.

## Limits

{_limits(manifest)}

## Datasets

{_datasets(manifest, facts)}

## Training

{_training(manifest)}

## Licence and consent

{manifest.display_name} agreed to this twin on {lineage.consent_date.isoformat()};
`lineage/persona.yaml` holds the words.

{_licences(manifest)}
{_without_this_software(manifest)}
## Where it came from

| | |
|---|---|
| persona | digest {lineage.persona_digest[:12]} |
| features | digest {lineage.features_digest[:12]}, index `{lineage.index}` |
| tables | {", ".join(f"{table} v{version}" for table, version in sorted(lineage.table_versions.items())) or "none"} |
| recipe | `{_cell(lineage.recipe)}`, digest {lineage.recipe_digest[:12]} |
| code | digest {lineage.code_digest[:12]} |
| trained on | {f"bundle {lineage.parent}" if lineage.parent else "nothing: it is no trained bundle"} |

`files.json` holds the SHA-256 of every file of this folder, `manifest.json` every setting.
"""


def _what_it_does(manifest: ReleaseBundle) -> str:
    if manifest.retrieval is None:
        return "it answers from its model's memory alone, and nothing that it says is checked."
    return "it answers from the writer's own documents and cites them."


def _use(manifest: ReleaseBundle) -> str:
    if manifest.retrieval is None:
        return "To be measured beside bundles that retrieve: it has no documents to hold a sentence against."
    return f"""For questions that the writer's documents answer. A sentence that no passage supports at
{manifest.verification.min_support:g} or better is not meant to be shipped, and below an answerability of
{manifest.verification.min_answerability:g} the twin declines."""


def _limits(manifest: ReleaseBundle) -> str:
    said = [
        "It knows what its documents say, as of the features named below, and nothing since.",
        "It can be wrong in the person's voice. What it says is no statement of the person's.",
    ]
    if manifest.retrieval is None:
        said.append("Nothing that it says is checked or cited.")
    else:
        said.append(
            "A sentence near to its evidence in words and meaning can still say something else: read citations."
        )
    if primary := manifest.lineage.seed_sibling_of:
        said.append(
            f"It is the training of bundle {primary} under another seed, made to tell how far the luck of a seed goes, "
            "and no candidate."
        )
    if manifest.lineage.override_reason:
        said.append(f"It was trained although the corpus verdict advised against: {manifest.lineage.override_reason}")
    said.append("How often it errs, declines and copies is measured, not promised: see the section on its evaluation.")
    return "\n".join(f"- {one}" for one in said)


def _adapter(manifest: ReleaseBundle, facts: CardFacts) -> str:
    if manifest.adapter is None:
        return "none"
    return f"`{manifest.adapter}`{f', {facts.adapter}' if facts.adapter else ''}"


def _adapter_words(path: Path) -> str:
    try:
        found = json.loads(path.read_text("utf-8"))
        rank, scale, targets = (found.get(name) for name in ("r", "lora_alpha", "target_modules"))
    except (OSError, ValueError, AttributeError):
        return ""
    layers = targets if isinstance(targets, str) else ", ".join(sorted(map(str, targets or ())))
    return f"LoRA of rank {rank}, alpha {scale}, on {layers or 'layers that it does not name'}" if rank else ""


def _datasets(manifest: ReleaseBundle, facts: CardFacts) -> str:
    datasets = manifest.lineage.datasets
    if not datasets:
        return "None: nothing was trained. The documents are searched, not learned."
    return "\n\n".join(_dataset(one, facts.certificate(one)) for one in datasets)


def _dataset(one: DatasetVersion, certificate: DatasetCertificate | None) -> str:
    head = (
        f"**{one.kind}**: {one.rows:,} rows, {one.held_out_rows:,} of them held out; digest `{short(one.digest)}`, "
        f"table v{one.table_version}; certificate {'passed' if one.passed else 'NOT passed'}."
    )
    if certificate is None:
        return f"{head} The certificate's checks do not lie in this bundle."
    rows = [(each.name, f"{each.value:g}", each.wanted, "yes" if each.passed else "NO") for each in certificate.checks]
    return f"{head} Questions by {certificate.teacher}.\n\n{_table(('check', 'value', 'wanted', 'passed'), rows)}"


def _training(manifest: ReleaseBundle) -> str:
    records = manifest.lineage.training
    if not records:
        return "None."
    head = ("stage", "steps", "tokens", "seed", "minutes", "loss", "held-out loss", "device")
    table = _table(head, [_record(one) for one in records])
    effects = [f"Preferences: {preference_words(one)}" for one in records if one.preference_effect]
    return "\n\n".join([table, *effects])


def preference_words(record: TrainingRecord) -> str:
    """What preference optimisation did on pairs it never saw, "no effect" said plainly, with the figure's interval."""
    accuracy = record.preference_accuracy
    if accuracy is None:
        return record.preference_effect
    figure = f"accuracy {accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}], n = {accuracy.n}"
    return f"{record.preference_effect} ({figure})"


def _record(one: TrainingRecord) -> tuple[str, ...]:
    held_out = "not measured" if one.eval_loss is None else f"{one.eval_loss:.3f}"
    loss, took = f"{one.first_loss:.3f} → {one.final_loss:.3f}", f"{one.seconds / 60:.1f}"
    device = f"{one.device}, {one.dtype}"
    return one.stage.value, f"{one.steps:,}", f"{one.tokens:,}", str(one.seed), took, loss, held_out, device


def _without_this_software(manifest: ReleaseBundle) -> str:
    """How an adapter is used by whoever has left, as a section; nothing where there is none."""
    if manifest.adapter is None:
        return ""
    return f"""
## Without this software

`{manifest.adapter}/` is a plain PEFT adapter for the base model named above:

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("FOLDER OR HUB ID OF {manifest.base_model.name}")
twin = PeftModel.from_pretrained(base, "{manifest.adapter}")
```

`prompts/` holds the Jinja templates that it was trained with. What it says so is neither checked nor cited.
"""


def _licences(manifest: ReleaseBundle) -> str:
    return "\n".join(f"- {line}" for line in _licence_lines(manifest))


def licence_note(manifest: ReleaseBundle) -> str:
    """The licence of each part of a bundle."""
    lines = "\n".join(_licence_lines(manifest))
    return f"This bundle stands on parts that have licences of their own.\n\n{lines}\n"


def _licence_lines(manifest: ReleaseBundle) -> tuple[str, ...]:
    documents = f"Documents of {manifest.display_name}, and what was made from them"
    return (
        f"Base model {manifest.base_model.name}: {manifest.base_model.licence}",
        f"Sentence encoder {manifest.embedding_model.name}: {manifest.embedding_model.licence}",
        f"{documents}: {manifest.lineage.corpus_licence}",
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows))


def _name(model: ModelReference) -> str:
    return _cell(f"{model.name} from `{model.source}`, {model.licence}, digest {model.digest[:12]}")


def _cell(text: str) -> str:
    """A user's words inside a table, which a bar or a line's end would break."""
    return " ".join(text.split()).replace("|", "\\|")
