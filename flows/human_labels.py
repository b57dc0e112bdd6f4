"""Pages for people: which evaluation is labelled, which two bundles are compared, and what came back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.exam_files import held_out_questions
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.labels import BlindKey
from twin_data.contracts.releases import TRAINED, Alias, RetrievalSettings, Rung
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.selection import holder, select
from twin_eval.errors import LabelsError
from twin_eval.human.adding import known_bundles
from twin_eval.human.findings import Findings, read_findings
from twin_eval.human.machine import newest_scored, read_scored
from twin_eval.human.pairing import Common, bundle_records, common_answers, known_questions, render_blind
from twin_eval.human.preferences import COMPARISONS, write_key
from twin_eval.human.review_page import render_review
from twin_eval.row_problems import nearest
from twin_eval.scored_run import ScoredRun
from twin_eval.storage import write_atomically

REVIEW_PAGE = "review.html"


@dataclass(frozen=True)
class WrittenPage:
    """A page for people."""

    path: Path
    bundles: tuple[str, ...]
    alike: int = 0
    """Common questions that are not on it, as both bundles' answers are the same."""
    key: BlindKey | None = None


def evaluations_of(home: TwinHome, persona: str) -> Path:
    """The folder of a persona's evaluations.

    Raises:
        ConfigurationError: There is no such persona.
    """
    return home.evaluations / load_persona(home, persona).name


def write_review(home: TwinHome, persona: str, bundle: str | None, questions: int | None) -> WrittenPage:
    """Write the page on which the last evaluation of a bundle is labelled, beside that evaluation's report.

    Args:
        home: The home.
        persona: Whose twin.
        bundle: Bundle id; None for the champion.
        questions: Show at most so many.

    Raises:
        RegistryError: There is no such bundle, or no champion.
        LabelsError: The bundle has not been evaluated, or has answered nothing.
    """
    folder = evaluations_of(home, persona)
    chosen = select(persona, open_registry(home).bundles(persona), bundle_id=bundle, alias=None)
    scored = newest_scored(folder, chosen.bundle_id)
    if scored is None:
        raise LabelsError(
            f"{chosen.manifest.model_name} has not been evaluated: there is nothing to label",
            next_step=f"twin evaluate {persona} --bundle {chosen.bundle_id}",
        )
    settings = chosen.manifest.retrieval or RetrievalSettings()
    html = render_review(
        read_scored(scored), persona=persona, bundle=chosen.bundle_id, passages=settings.passages, limit=questions
    )
    path = scored.parent / REVIEW_PAGE
    write_atomically(path, html)
    return WrittenPage(path, (chosen.bundle_id,))


def write_blind(home: TwinHome, persona: str, first: str | None, second: str | None, rng: random.Random) -> WrittenPage:
    """Write the page on which two bundles are compared blind, and its key apart from it.

    Args:
        home: The home.
        persona: Whose twin.
        first: Bundle id; None for the champion if it was trained, else the newest trained bundle that was asked, other
            seeds of a training left out.
        second: Bundle id; None for the few-shot rung if the ladder has asked it, else bundle 0.
        rng: Draws order and sides.

    Raises:
        RegistryError: There is no such bundle.
        LabelsError: There are no two bundles that differ on a question that both answered.
    """
    folder, registry = evaluations_of(home, persona), open_registry(home)
    one, other = choose_pair(folder, persona, registry, first, second)
    common = common_answers(
        known_questions(folder, held_out_questions(home, persona)),
        bundle_records(folder, one),
        bundle_records(folder, other),
    )
    if not common.pairs:
        raise LabelsError(_nothing_to_compare(one, other, common), next_step=_ask(persona, other))
    page = render_blind(common.pairs, persona=persona, first=one, second=other, rng=rng)
    rungs = {bundle.bundle_id: bundle.manifest.rung.value for bundle in registry.bundles(persona)}
    key = page.key.model_copy(update={"first_rung": rungs[one], "second_rung": rungs[other]})
    write_key(folder, key)  # first: a page without its key would collect choices that say nothing
    path = folder / COMPARISONS / f"{key.page}.html"
    write_atomically(path, page.html)
    return WrittenPage(path, (one, other), common.alike, key)


def findings_of(home: TwinHome, persona: str, bundle: str | None) -> Findings:
    """What people have said of one bundle's answers, or of those of all.

    Raises:
        ConfigurationError: There is no such persona.
        LabelsError: The bundle has been asked nothing.
        IntegrityError: The labels are damaged.
    """
    folder = evaluations_of(home, persona)
    known = known_bundles(folder)
    if bundle and bundle not in known:
        raise LabelsError(
            f"bundle {bundle!r} of {persona!r} has no evaluation in this home",
            next_step=nearest(bundle, known) if known else f"twin evaluate {persona}",
        )
    return read_findings(folder, persona, bundle=bundle)


def said_of(home: TwinHome, run: ScoredRun) -> tuple[Findings, Findings]:
    """What people have said of a run's answers, and of those of all bundles of its persona.

    Raises:
        IntegrityError: The labels are damaged.
    """
    persona, folder = run.report.persona, home.evaluations / run.report.persona
    own = read_findings(folder, persona, bundle=run.report.bundle, more=run.answers)
    return own, read_findings(folder, persona, more=run.answers)


def choose_pair(
    folder: Path, persona: str, registry: BundleRegistry, first: str | None, second: str | None
) -> tuple[str, str]:
    """The two bundles to compare.

    Raises:
        RegistryError: A bundle that was named does not exist.
        LabelsError: There are not two that have been asked.
    """
    bundles = registry.bundles(persona)
    named = [select(persona, bundles, bundle_id=one, alias=None).bundle_id for one in (first, second) if one]
    if first and first == second:
        raise LabelsError(
            f"{first} cannot be compared with itself", next_step="name two bundles of `twin bundles PERSONA`"
        )
    asked = [one for one in bundles if bundle_records(folder, one.bundle_id)]
    left = [one for one in asked if one.bundle_id not in named]
    chosen = first or _first(left)
    against = second or _second([one for one in left if one.bundle_id != chosen])
    if chosen is None or against is None:
        have = ", ".join(f"{one.bundle_id} ({one.manifest.rung})" for one in asked) or "none"
        raise LabelsError(
            f"there are not two bundles of {persona!r} that have answered questions (there is: {have})",
            next_step=f"twin evaluate {persona} --ladder asks the same questions of several",
        )
    return chosen, against


def _first(bundles: Sequence[RegisteredBundle]) -> str | None:
    """The champion if it was trained, else the newest trained bundle, else the champion, else the newest of all."""
    champion = holder(bundles, Alias.CHAMPION)
    trained = [one for one in bundles if one.manifest.rung in TRAINED and not _is_beside(one, champion)]
    if champion in trained or not trained:
        found = champion or (bundles[-1] if bundles else None)
    else:
        found = trained[-1]
    return found.bundle_id if found else None


def _is_beside(bundle: RegisteredBundle, champion: RegisteredBundle | None) -> bool:
    """Whether it is a training under another seed, made to be measured only, which nobody has made champion."""
    return bundle.manifest.lineage.seed_sibling_of is not None and bundle != champion


def _second(bundles: Sequence[RegisteredBundle]) -> str | None:
    """The newest few-shot rung, else the newest bundle 0, else the newest of all."""
    for rung in (Rung.FEW_SHOT, Rung.BASE):
        if of_rung := [one for one in bundles if one.manifest.rung is rung]:
            return of_rung[-1].bundle_id
    return bundles[-1].bundle_id if bundles else None


def _nothing_to_compare(first: str, second: str, common: Common) -> str:
    if common.alike:
        return f"{first} and {second} answered all {common.alike} common questions in the same words"
    return f"{first} and {second} have answered no common question"


def _ask(persona: str, bundle: str) -> str:
    return f"twin evaluate {persona} --bundle {bundle}, or name two others with --first and --second"
