"""The texts that go with a bundle for people: a model card, and what may be done with its parts."""

from __future__ import annotations

from twin_data.contracts.releases import ModelReference, ReleaseBundle


def model_card(manifest: ReleaseBundle) -> str:
    """A model card in Markdown, made of the manifest alone."""
    lineage = manifest.lineage
    return f"""# {manifest.display_name}: bundle {manifest.bundle_id}

A twin of the writer {manifest.display_name}: {_what_it_does(manifest)}
It is a program, not the person. Asked what it is, it says: "{manifest.disclosure}"

| | |
|---|---|
| served as | `{manifest.model_name}` |
| kind | {manifest.rung}{f" ({manifest.label})" if manifest.label else ""} |
| base model | {_name(manifest.base_model)} |
| adapter | {f"`{manifest.adapter}`" if manifest.adapter else "none"} |
| sentence encoder | {_name(manifest.embedding_model)} |
| context | {manifest.max_model_len} tokens |
| prompt templates | digest {manifest.prompt_digest[:12]} |

## Use

{_use(manifest)} It is not for advice on health, law or money, nor for
passing its words off as the person's.

## Where it came from

| | |
|---|---|
| persona | digest {lineage.persona_digest[:12]}, consent of {lineage.consent_date.isoformat()} |
| features | digest {lineage.features_digest[:12]}, index `{lineage.index}` |
| tables | {", ".join(f"{table} v{version}" for table, version in sorted(lineage.table_versions.items())) or "none"} |
| recipe | `{lineage.recipe}`, digest {lineage.recipe_digest[:12]} |
| code | digest {lineage.code_digest[:12]} |

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


def licence_note(manifest: ReleaseBundle) -> str:
    """The licence of each part of a bundle."""
    return f"""This bundle stands on parts that have licences of their own.

Base model {manifest.base_model.name}: {manifest.base_model.licence}
Sentence encoder {manifest.embedding_model.name}: {manifest.embedding_model.licence}
Documents of {manifest.display_name}, and what was made from them: {manifest.lineage.corpus_licence}
"""


def _name(model: ModelReference) -> str:
    return f"{model.name} from `{model.source}`, {model.licence}, digest {model.digest[:12]}"
