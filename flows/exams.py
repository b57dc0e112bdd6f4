"""What every bundle of a persona is judged by: questions, briefs, probes, voice, corpus and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from elasticsearch import Elasticsearch
from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.exam_files import QUESTIONS_FILE, exam_questions, has_question_set, probes_of, rubric_of, settings_of_today
from flows.pet_phrases import pet_phrases_of
from flows.platform.settings import PlatformSettings
from flows.recipes import Recipe
from flows.reporting import report
from flows.voices import VoiceUse, contrast_note, voice_of
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.digests import digest_rows, digest_value, short
from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import CorpusError, SourceError
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.contracts.exam import FEWEST_ANSWERABLE
from twin_data.scoring.pet_phrases import PetPhrases
from twin_data.scoring.voice import VoiceProfile
from twin_data.store.schemas import to_rows
from twin_data.store.search import IndexWriter, index_name
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import CHUNKS, DOCUMENTS
from twin_eval.bias import held_out_texts
from twin_eval.briefs import Brief, writing_briefs
from twin_eval.earlier import scoring_digest
from twin_eval.evidence import quote_holders, why_lost
from twin_eval.exam.files import GENERATED_FILE
from twin_eval.probes import Probe
from twin_eval.questions import balanced_subset, questions_digest
from twin_eval.references import References
from twin_eval.scored_run import ScoredRun
from twin_eval.self_check import self_check_questions
from twin_eval.stress import StressedQuestion, stress_questions
from twin_serve.version import answering_code

NOT_ASKED = "not asked for"


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What every bundle of a persona is judged by: the same questions, briefs, voice, corpus and bars."""

    questions: tuple[HeldOutQuestion, ...]
    briefs: tuple[Brief, ...]
    rubric: Rubric
    index: str
    references: References
    """What the answers are held against."""
    probes: tuple[Probe, ...] = ()
    """Asked of the candidate alone."""
    stress: tuple[StressedQuestion, ...] = ()
    """Likewise."""
    max_tokens: int | None = None
    """Longest answer of a quick look; None leaves it to the bundle, as serving does."""

    @property
    def digest(self) -> str:
        """Names what a decision rests on beside the bundles: questions, bars, index, code, and probes of the bars."""
        return _digest_of(self.questions, self.rubric, self.index, self.probes)

    def is_answered_today(self, run: ScoredRun) -> bool:
        """Whether a run's answers are of the code of now: the service may still run that of before an update."""
        wanted = settings_of_today(self.index, self.max_tokens)
        return all(one.record.settings_digest == wanted for one in run.answers)

    @property
    def of_questions(self) -> Exam:
        """The same without what is asked of the candidate alone."""
        return replace(self, probes=(), stress=())

    @property
    def without_texts(self) -> Exam:
        """The questions alone: what is answered and what refused."""
        untold = replace(
            self.references,
            voice=None, why_no_voice=NOT_ASKED, corpus=(), phrases=None, why_no_phrases=NOT_ASKED, held_out=(),
        )  # fmt: skip
        return replace(self.of_questions, briefs=(), references=untold)


@task(cache_policy=NO_CACHE)
def prepare(home: TwinHome, persona: str, recipe: Recipe, probes: str | None = None, stress: bool = False) -> Exam:
    """The questions, from the persona's file or its corpus, and all that answers are scored with."""
    store = FeatureStore.of(home.features, persona)
    asked = _asked(home, persona, recipe)
    documents = to_rows(store.read(DOCUMENTS).select(list(CorpusDocument.model_fields)), CorpusDocument)
    holders = quote_holders(asked, {one.document_id: one.text for one in documents})
    if lost := [name for name, held in holders.items() if None in held]:
        report(f"warning: {why_lost(lost, persona)}")
    voice, why_no_voice = _voice(home, persona, recipe)
    phrases, why_no_phrases = _phrases(home, persona, documents)
    contrast = contrast_note(home, persona, voice.authors) if voice else ""
    if voice:
        report(f"voice: {contrast}")
    rubric = rubric_of(home, persona)
    display_name = load_persona(home, persona).display_name
    return Exam(
        questions=asked,
        briefs=writing_briefs(documents, limit=recipe.evaluation.writing_briefs) if voice else (),
        rubric=rubric,
        index=live_index(persona),
        references=References(
            voice=voice,
            why_no_voice=why_no_voice,
            voice_contrast=contrast,
            corpus=tuple(document.text for document in documents),
            phrases=phrases,
            why_no_phrases=why_no_phrases,
            held_out=held_out_texts(documents),
            costs=rubric.refusal_costs,
            lost_evidence=frozenset(lost),
            held_by={name: held[0] for name, held in holders.items() if held[0] is not None},
        ),
        probes=probes_of(home, persona, rubric, probes),
        stress=stress_questions(asked, display_name=display_name) if stress else (),
    )


def exam_digest(home: TwinHome, persona: str, recipe: Recipe) -> str:
    """The digest of the exam that `prepare` would make now, without the time that a voice takes.

    Raises:
        ConfigurationError: The rubric is wrong.
        QuestionsError: A file of questions or probes is wrong.
        StoreError: The search engine is away.
    """
    rubric = rubric_of(home, persona)
    asked = _asked(home, persona, recipe)
    return _digest_of(asked, rubric, live_index(persona), probes_of(home, persona, rubric))


def _digest_of(questions: Sequence[HeldOutQuestion], rubric: Rubric, index: str, probes: Sequence[Probe]) -> str:
    """The same questions, bars and index are another exam to other code that answers or judges.

    Probes that somebody has asked for by hand belong to no exam: they must not make the next refresh judge again.
    """
    named = digest_rows(probes) if rubric.probes else ""
    return digest_value([questions_digest(questions), rubric, index, named, scoring_digest(), answering_code()])


def _asked(home: TwinHome, persona: str, recipe: Recipe) -> tuple[HeldOutQuestion, ...]:
    """As many questions as the recipe allows, from the persona's files, or with the self-check where it has no set.

    Candidates come one by one: the first of them is no exam.
    """
    questions = exam_questions(home, persona)
    if not has_question_set(home, persona):
        report(
            f"no {QUESTIONS_FILE}: asking the built-in probes and a few questions made from the corpus; "
            f"{_why_self_check(home, persona)}"
        )
        chunks = FeatureStore.of(home.features, persona).read(CHUNKS)
        questions = (*questions, *self_check_questions(to_rows(chunks, Chunk)))
    return balanced_subset(questions, recipe.evaluation.max_questions)


def _why_self_check(home: TwinHome, persona: str) -> str:
    """What would make it an exam of the persona's own."""
    if (home.persona_folder(persona) / GENERATED_FILE).is_file():
        return f"{GENERATED_FILE} has fewer than {FEWEST_ANSWERABLE} questions to be answered: write some"
    return f"`twin questions generate {persona}` makes some 400"


def live_index(persona: str) -> str:
    """The name of the version that the persona's live index holds, which may have moved on since it was built.

    Raises:
        StoreError: The search engine is away.
    """
    settings = PlatformSettings.from_environment()
    key = settings.elasticsearch_api_key
    with Elasticsearch(
        settings.elasticsearch_address, api_key=key.get_secret_value() if key else None, request_timeout=60
    ) as client:
        live = IndexWriter(client).live(persona)
    return index_name(persona, short(live[1].features_digest)) if live else ""


def _voice(home: TwinHome, persona: str, recipe: Recipe) -> tuple[VoiceProfile | None, str]:
    """The gate's voice profile, or why there is none."""
    try:
        return voice_of(home, persona, VoiceUse.GATE, recipe.voice), ""
    except (CorpusError, SourceError) as error:
        return None, error.message


def _phrases(home: TwinHome, persona: str, documents: Sequence[CorpusDocument]) -> tuple[PetPhrases | None, str]:
    """The persona's pet phrases, or why there are none."""
    try:
        return pet_phrases_of(home, persona, documents), ""
    except SourceError as error:
        return None, error.message
