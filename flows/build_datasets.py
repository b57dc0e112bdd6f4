"""`build-datasets`: certified instructions; and, while training, certified preferences of the model's own drafts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.adapters import serve_adapter
from flows.bundles import Carried, read_held_out
from flows.exam_files import held_out_questions
from flows.platform.settings import PlatformSettings
from flows.recipes import DEFAULT_RECIPE, Recipe, load_recipe
from flows.reporting import report, report_stage
from flows.turns import working_turn
from flows.voices import VoiceUse, voice_of
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.configuration.persona import load_persona
from twin_data.contracts.datasets import DatasetCertificate, DatasetKind, PolicyDraft, TaskKind
from twin_data.contracts.digests import digest_folder, digest_value, short
from twin_data.contracts.errors import DatasetError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.generate.asking_models import nothing_to_avoid, policy_drafts, rewriter
from twin_data.generate.draft_prompts import DraftPrompt, runs_read
from twin_data.generate.export import CERTIFICATE_FILE, WrittenDataset, read_wordings
from twin_data.generate.pipeline import DatasetsPipeline
from twin_data.generate.rewriting import REWRITE_STAGE, Rewrite
from twin_data.generate.teacher import Endpoint, teacher_endpoint
from twin_data.registry.durable import write_file
from twin_data.registry.port import RegisteredBundle
from twin_data.scoring.closeness import Encode
from twin_data.scoring.encoder import RememberingEncoder, SentenceEncoder, read_model_reference
from twin_data.scoring.voice import VoiceProfile
from twin_data.store.stages import StageRecord
from twin_data.store.tables import FeatureStore
from twin_data.transform.embedding_model import ensure_encoder
from twin_serve.llm.vllm_command import BASE_NAME


@flow(name="build-datasets", flow_run_name="build-datasets-{persona}", log_prints=False)
def build_datasets(persona: str, recipe: str = DEFAULT_RECIPE) -> dict[str, Any]:
    """Make and certify the instruction dataset of a persona's newest features.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.

    Returns:
        The dataset's version and folder, as plain JSON.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    with working_turn(home, persona):
        written = certified_instructions(home, datasets_pipeline(home, persona, chosen))
    return {**written.version.model_dump(mode="json"), "folder": str(written.folder)}


@task(cache_policy=NO_CACHE)
def fit_voice(home: TwinHome, pipeline: DatasetsPipeline, recipe: Recipe) -> VoiceProfile:
    """The voice profile that preferences are chosen by, of the documents that the datasets are made of."""
    return voice_of(home, pipeline.persona.name, VoiceUse.FILTERING, recipe.voice, pipeline.features.documents)


@task(cache_policy=NO_CACHE)
def certified_instructions(home: TwinHome, pipeline: DatasetsPipeline) -> WrittenDataset:
    """The instruction dataset.

    Raises:
        DatasetError: Its certificate was not passed.
    """
    made = report_stage(pipeline.instructions(_rewrite(home, pipeline)))
    written = pipeline.write(made, DatasetKind.INSTRUCTIONS)
    if told := _teacher_told(_certificate(written)):
        report(told)
    return _certified(written)


@task(cache_policy=NO_CACHE, retries=1, retry_delay_seconds=10)
def draft_with(home: TwinHome, pipeline: DatasetsPipeline, bundle: RegisteredBundle, given: Path | None = None) -> Path:
    """Have the SFT model write drafts, or take those that a rebuilt bundle carries; returns their file.

    The file is named by what the drafts depend on, which the bundle's id is not: that changes with every setting of the
    recipe, and drafts of hours would be written again because a bar of the preferences was moved.

    Raises:
        LLMError: The LLM microservice is down, or answers with nothing usable.
        AdapterRefusedError: It does not take the bundle's adapter.
    """
    if given is not None:
        return given
    prompts = pipeline.read_prompts(_prompted(home, pipeline))
    made_of = _made_of(bundle, prompts, pipeline.config.draft_prompts.further_drafts)
    path = home.training / pipeline.persona.name / f"drafts-{short(made_of)}.jsonl"
    if not path.is_file():
        serve_adapter(bundle)
        drafts = _drafts(home, pipeline, bundle, prompts)
        lines = [one.model_dump_json() for one in sorted(drafts, key=lambda one: (one.prompt_id, one.text))]
        write_file(path, "".join(f"{line}\n" for line in lines).encode())
        report(f"drafts: {len(drafts):,} by {bundle.manifest.model_name}")
    return path


@task(cache_policy=NO_CACHE)
def certified_preferences(
    home: TwinHome, pipeline: DatasetsPipeline, profile: VoiceProfile, drafts: Path, encode: Encode
) -> WrittenDataset:
    """The preference dataset.

    Args:
        home: Whose features.
        pipeline: Its persona's.
        profile: Of the persona's voice.
        drafts: File of the SFT model's drafts.
        encode: The encoder that the features were embedded with.

    Raises:
        DatasetError: Its certificate was not passed.
    """
    prompted = _prompted(home, pipeline)
    written = [PolicyDraft.model_validate_json(line) for line in drafts.read_text("utf-8").split("\n") if line]

    def voice(texts: Sequence[str]) -> list[float | None]:
        return [None if one is None else one.logit for one in profile.score(texts)]

    made = report_stage(pipeline.preferences(prompted, written, voice, profile.digest, encode))
    return _certified(pipeline.write(made, DatasetKind.PREFERENCES))


def datasets_pipeline(
    home: TwinHome,
    persona: str,
    recipe: Recipe,
    carried: Carried | None = None,
    base: ReleaseBundle | None = None,
) -> DatasetsPipeline:
    """The datasets pipeline of one persona.

    Args:
        home: Whose features.
        persona: A persona of it.
        recipe: With the settings of its datasets.
        carried: By a bundle that is made again: wordings and held-out questions, to be taken in place of today's.
        base: Bundle 0 that what comes of it stands on: its features are read, not the newest.

    Raises:
        IntegrityError: The features of `base` are no longer there.
    """
    given = carried or Carried()
    held_out = (
        tuple(one.question for one in held_out_questions(home, persona))
        if given.held_out is None
        else read_held_out(given.held_out)
    )
    pipeline = DatasetsPipeline(
        persona=load_persona(home, persona),
        store=FeatureStore.of(home.features, persona),
        folder=home.datasets / persona,
        config=recipe.datasets,
        questions=held_out,
        embedding_digest=read_model_reference(_encoder_folder(recipe)).digest,
        wordings=None if given.wordings is None else read_wordings(given.wordings),
        base=base,
    )
    if base is not None and not pipeline.features.are_newest(pipeline.store):
        report(
            f"features: those of bundle 0 ({base.model_name}); what was written to the tables since waits for the next "
            f"`twin features {persona}`"
        )
    return pipeline


def sentence_encoder(recipe: Recipe) -> RememberingEncoder:
    """The encoder that a recipe's features are embedded with."""
    return RememberingEncoder(SentenceEncoder(_encoder_folder(recipe)))


def _encoder_folder(recipe: Recipe) -> Path:
    return ensure_encoder(cache_folder() / "models", recipe.features.embedding)


def _prompted(home: TwinHome, pipeline: DatasetsPipeline) -> StageRecord:
    """The run that chose the prompts for drafts, of the instructions that the SFT model was trained on."""
    return pipeline.draft_prompts(pipeline.instructions(_rewrite(home, pipeline)).record).record


def _rewrite(home: TwinHome, pipeline: DatasetsPipeline) -> Rewrite | None:
    """The teacher that words questions anew, if one must be asked."""
    if not pipeline.asks_teacher:
        return None
    config = pipeline.config
    endpoint = teacher_endpoint(config.teacher, local_url=_llm_url(), local_model=BASE_NAME)
    assert endpoint is not None, "a teacher that is asked has an address"
    return rewriter(endpoint, folder=_shards(home), config=config.shards, progress=_told("teacher"))


def _made_of(bundle: RegisteredBundle, prompts: Sequence[DraftPrompt], further: int) -> str:
    """Digest of all that drafts depend on: the model, what it is asked, and how."""
    assert bundle.adapter is not None, "bundle 0 writes no drafts"
    settings = bundle.manifest.generation
    asked = settings.temperature, settings.max_tokens, settings.write_temperature, settings.write_max_tokens
    again = (further, settings.redraft_temperature, *("reworded",) * settings.redrafts_reword) if further else ()
    model = bundle.manifest.base_model.digest, digest_folder(bundle.adapter)
    return digest_value([model, [*asked, *again], [(one.prompt_id, one.task, one.prompt) for one in prompts]])


def _drafts(
    home: TwinHome, pipeline: DatasetsPipeline, bundle: RegisteredBundle, prompts: Sequence[DraftPrompt]
) -> list[PolicyDraft]:
    """What the bundle's model writes to each prompt, as it would when serving."""
    settings, name = bundle.manifest.generation, bundle.manifest.model_name
    further = pipeline.config.draft_prompts.further_drafts
    answers = [one for one in prompts if one.task is TaskKind.ANSWER]
    others = [one for one in prompts if one.task is TaskKind.DECLINE]
    texts = [one for one in prompts if one.task is TaskKind.WRITE]
    short, long = settings.max_tokens, settings.write_max_tokens
    read = partial(runs_read, material=pipeline.material) if settings.redrafts_reword else nothing_to_avoid
    rounds = (
        ("drafts of answers", [*answers, *others], 1, settings.temperature, short, nothing_to_avoid),
        ("further drafts of answers", answers, further, settings.redraft_temperature, short, read),
        ("drafts of texts", texts, 1, settings.write_temperature, long, nothing_to_avoid),
    )
    found: list[PolicyDraft] = []
    for what, wanted, each, temperature, max_tokens, avoid in rounds:
        if wanted and each:
            endpoint = Endpoint(base_url=_llm_url(), model=name, temperature=temperature, max_tokens=max_tokens)
            made = policy_drafts(
                wanted, endpoint, model=name, folder=_shards(home), config=pipeline.config.shards, progress=_told(what),
                each=each, avoid=avoid,
            )  # fmt: skip
            found += made.drafts
    return found


def _llm_url() -> str:
    return f"{PlatformSettings.from_environment().llm_address}/v1"


def _shards(home: TwinHome) -> Path:
    return home.datasets / "shards"


def _told(what: str) -> Callable[[int, int], None]:
    return lambda done, total: report(f"{what}: {done} of {total}")


def _certified(written: WrittenDataset) -> WrittenDataset:
    version = written.version
    if not version.passed:
        checks = _certificate(written).checks
        bars = (
            f"{one.name} is {one.value:g}, wanted {one.wanted}" + (f" ({one.detail})" if one.detail else "")
            for one in checks
            if not one.passed
        )
        raise DatasetError(
            f"the certificate of the {version.kind.value} of {version.persona!r} was not passed: {'; '.join(bars)}",
            next_step=f"read {written.folder / CERTIFICATE_FILE}; add sources or change `datasets` in the recipe",
        )
    report(
        f"{version.kind.value}: certified, {version.rows:,} rows, {version.held_out_rows:,} held out: {written.folder}"
    )
    return written


def _certificate(written: WrittenDataset) -> DatasetCertificate:
    return DatasetCertificate.model_validate_json((written.folder / CERTIFICATE_FILE).read_text("utf-8"))


def _teacher_told(certificate: DatasetCertificate) -> str:
    """How many of the teacher's wordings were taken, and why the others were not; empty if it was not asked."""
    if not certificate.teacher_asked:
        return ""
    told = f"teacher: worded {certificate.teacher_worded:,} of the {certificate.teacher_asked:,} questions it was asked"
    lost = [one for one in certificate.counts if one.stage == f"dropped:{REWRITE_STAGE}"]
    why = ", ".join(f"{one.rows:,} {one.reason}" for one in lost)
    return f"{told}; the rules' own wording stands for {why}" if why else told
