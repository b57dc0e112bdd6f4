"""Planted twins through the evaluation and the gate: each cheat must be told by the figure that it cheats on.

    python -m benchmarks.counterfeit_twins

Needs nothing but the repository: the sample persona's questions, its blog and the shipped contrast. Every planted twin
answers all questions and writes the same briefs; its sentences are checked as the service checks a draft's (support by
the passages around a question's evidence, names, polarity, copied words), then the evaluation scores what is left, and
the gate holds each cheat against the persona itself as champion. What the service decides before a draft
(answerability) and adds after it (quotations) is left out: the planted twins decide for themselves.

The persona itself answers with the reference answers, declines what is to be declined and writes its posts that
fitting never saw.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.harness_stub import SAMPLE
from benchmarks.sentence_checks import Archive
from twin_data.configuration.home import TwinHome
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.scoring.sentences import sentence_spans
from twin_data.scoring.voice import VoiceConfig, VoiceText, segments_of
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.sources.contrast import read_contrast
from twin_eval import gate
from twin_eval.briefs import Brief
from twin_eval.counterfeits import pet_phrases, stuffed_with_phrases, stuffed_with_quotations
from twin_eval.fake_service import FakeService, completion
from twin_eval.own_words import VoiceScorer
from twin_eval.questions import load_questions
from twin_eval.references import References
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate
from twin_eval.scored_run import ScoredRun

CONFIG = VoiceConfig(max_segments=60, max_grams=4000)
UNSEEN_POSTS = 8
STRANGER = "eustace-varnhelm"
BRIEFS, DRAFT_WORDS, SAID = 12, 150, 3
PERSONA = "the persona itself"
SHOWN = ("whole_answer", "facts_found", "voice", "over_refusal", "under_refusal")

Says = Callable[[HeldOutQuestion], Sequence[str] | None]
"""The sentences of a draft; None to decline."""


@dataclass(frozen=True)
class Planted:
    """A planted twin.

    Attributes:
        says: What it drafts on a question.
        writes: What it writes to the briefs; none, and it declines them.
        told_by: The metric by which it is to be told from the persona.
    """

    says: Says
    writes: Sequence[str]
    told_by: str


@dataclass(frozen=True)
class Material:
    """What planted twins are made of: own posts seen and unseen by fitting, a stranger's texts, assistant prose."""

    own: tuple[str, ...]
    unseen: tuple[str, ...]
    stranger: tuple[str, ...]
    prose: tuple[str, ...]
    others: Mapping[str, tuple[str, ...]]

    @classmethod
    def of_sample(cls) -> Material:
        """The sample persona's; the stranger and a third of the assistant's prose are left out of fitting."""
        own = read_contrast(SAMPLE / "sources")["blog"]
        contrast = read_contrast(SAMPLE.parent / "contrast")
        prose = contrast["assistant"]
        kept = len(prose) * 2 // 3
        others = {name: texts for name, texts in contrast.items() if name != STRANGER} | {"assistant": prose[:kept]}
        return cls(own[:-UNSEEN_POSTS], own[-UNSEEN_POSTS:], contrast[STRANGER], prose[kept:], others)

    def voice(self) -> VoiceScorer:
        """A scorer fitted on what it may see."""
        texts = [VoiceText(group=str(at), text=text) for at, text in enumerate(self.own)]
        return fit_voice(texts, self.others, config=CONFIG)


def planted_twins(material: Material, archive: Archive) -> dict[str, Planted]:
    """The persona itself, and seven cheats."""
    quotable = [span.of(text) for text in material.own[:6] for span in sentence_spans(text)]
    phrases = pet_phrases(material.own, material.prose)
    quoting = [stuffed_with_quotations(text, quotable, seed=at) for at, text in enumerate(material.prose)]
    stuffed = [stuffed_with_phrases(text, phrases, seed=at) for at, text in enumerate(material.prose)]

    def knows(question: HeldOutQuestion) -> Sequence[str] | None:
        return _sentences(question.answer or "") if question.expected == "answer" else None

    def never_declines(question: HeldOutQuestion) -> Sequence[str]:
        return knows(question) or _sentences(archive.nearest(question.question))[:SAID]

    unseen = material.unseen
    return {
        PERSONA: Planted(knows, unseen, ""),
        "another author": Planted(_talks(material.stranger), material.stranger, "voice"),
        "assistant prose": Planted(_talks(material.prose), material.prose, "voice"),
        "quotes the persona in assistant prose": Planted(_talks(quoting), quoting, "voice"),
        "pet phrases in assistant prose": Planted(_talks(stuffed), stuffed, "voice"),
        "fluent liar in the persona's voice": Planted(_talks(unseen), unseen, "whole_answer"),
        "always declines": Planted(lambda _: None, (), "over_refusal"),
        "never declines": Planted(never_declines, unseen, "under_refusal"),
    }


def _talks(texts: Sequence[str]) -> Says:
    """Whatever is asked: some sentences of the texts, other ones for each question."""
    sentences = [one for text in texts for one in _sentences(text)]

    def says(question: HeldOutQuestion) -> Sequence[str]:
        at = sum(question.id.encode()) * SAID % max(1, len(sentences) - SAID)
        return sentences[at : at + SAID]

    return says


def _sentences(text: str) -> list[str]:
    return [" ".join(span.of(text).split()) for span in sentence_spans(text)]


def examined(
    name: str, planted: Planted, questions: Sequence[HeldOutQuestion], voice: VoiceScorer, archive: Archive
) -> ScoredRun:
    """What the evaluation makes of a planted twin."""
    by_text = {one.question: one for one in questions}
    bundle = f"{sum(name.encode()):012x}"
    drafts = segments_of(planted.writes, DRAFT_WORDS)
    briefs = [Brief(id=f"brief-{at}", document_id=f"d{at}", text=f"Write text {at}.") for at in range(BRIEFS)]
    written = dict(zip((one.text for one in briefs), drafts, strict=False))

    def respond(asked: str) -> httpx.Response:
        question = by_text[asked]
        said = planted.says(question)
        if said is None:
            return completion("I have written nothing about that.", bundle=bundle, outcome="declined")
        return completion(bundle=bundle, **archive.answer(question, said))

    def write(brief: str) -> httpx.Response:
        if brief not in written:
            return completion("I have nothing to write.", bundle=bundle, outcome="declined")
        return completion(written[brief], bundle=bundle)

    service = FakeService("sample", respond, write=write, documents=archive.documents)
    with tempfile.TemporaryDirectory() as folder:
        inputs = EvaluationInputs(
            persona="sample",
            bundle=bundle,
            questions=questions,
            briefs=briefs,
            base_url="http://planted",
            api_key="benchmark",
            home=TwinHome(Path(folder)),
            references=References(voice=voice),
            transport=service.transport,
        )
        return asyncio.run(evaluate(inputs, config=EvaluationConfig()))


def main() -> None:
    """Print who is told by what."""
    questions = load_questions(SAMPLE / "questions.jsonl")
    material, archive = Material.of_sample(), Archive.of_sample(questions)
    voice, rubric = material.voice(), gate.persona_rubric(SAMPLE / "rubric.yaml")
    runs: dict[str, ScoredRun] = {}
    print(f"| planted twin | {' | '.join(SHOWN)} | told by, intervals disjoint | gate against the persona |")
    print("|---|" + "---|" * (len(SHOWN) + 2))
    for name, planted in planted_twins(material, archive).items():
        runs[name] = examined(name, planted, questions, voice, archive)
        champion = runs[PERSONA] if name != PERSONA else None
        verdict = gate.decide(runs[name], champion, rubric).verdict.value
        told = f"{planted.told_by}: {'yes' if is_told(runs[name], runs[PERSONA], planted.told_by) else 'no'}"
        figures = " | ".join(_figure(runs[name], metric) for metric in SHOWN)
        print(f"| {name} | {figures} | {told if champion else ''} | {verdict} |", flush=True)


def is_told(cheat: ScoredRun, persona: ScoredRun, metric: str) -> bool:
    """Whether the cheat is worse than the persona by that metric, with disjoint intervals."""
    theirs, own = cheat.report.score(metric), persona.report.score(metric)
    if theirs is None or own is None:
        return False
    return theirs.low > own.high if metric.endswith("_refusal") else theirs.high < own.low


def _figure(run: ScoredRun, metric: str) -> str:
    score = run.report.score(metric)
    if score is None:
        return "–"
    digits = 0 if metric == "voice" else 2
    return f"{score.value:.{digits}f} [{score.low:.{digits}f}, {score.high:.{digits}f}]"


if __name__ == "__main__":
    main()
