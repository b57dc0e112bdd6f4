"""What a refresh does where it need not train: finish, judge again, or leave everything as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows import refresh_twin as flow
from flows.personas import refreshing
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, HardStop, HardStopKind, Score, Verdict
from twin_data.contracts.ladder import Ladder, RungResult
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle

from .bench import manifest, trained_with
from .test_verdicts import ENOUGH

FEATURES = {"verdict": ENOUGH.model_dump(mode="json"), "features": {}}
RUBRIC = """
absolute: [{metric: cited, at_least: 0.5}]
targets: [{metric: whole_answer, at_least: 0.6, min_n: 20}]
"""


class Refreshed:
    """A persona with bundle 0 as champion and a twin trained on it; the flows that a refresh calls only take notes."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = TwinHome(root / "home")
        self.registry = MemoryRegistry(root / "registry")
        self.base = self.registry.register(manifest("base"), {})
        self.make_champion(self.base)
        self.trained = self.registry.register(manifest("trained", rung=Rung.DPO, lineage=trained_with(1)), {})
        self.evaluated: list[str] = []
        self.trainings = 0
        self.scores: tuple[Score, ...] = ()
        self.exam = "exam 1"
        monkeypatch.setenv("TWIN_HOME", str(self.home.root))
        monkeypatch.setattr(flow, "open_registry", lambda home: self.registry)
        monkeypatch.setattr(flow, "newest_base_bundle", lambda home, persona: self.base)
        monkeypatch.setattr(flow, "build_features", lambda persona, recipe: FEATURES)
        monkeypatch.setattr(flow, "exam_digest", lambda home, persona, recipe: self.exam)
        monkeypatch.setattr(flow, "renew_questions", lambda home, persona: None)
        monkeypatch.setattr(flow, "evaluate_twin", self.evaluate)
        monkeypatch.setattr(flow, "train_twin", self.train)

    def make_champion(self, bundle: RegisteredBundle) -> None:
        self.registry.set_alias("ada", Alias.CHAMPION, bundle.bundle_id, reason="a test", override_by="a test")

    def with_rubric(self) -> None:
        folder = self.home.persona_folder("ada")
        folder.mkdir(parents=True)
        (folder / "rubric.yaml").write_text(RUBRIC, "utf-8")

    def climbed(self, found: Score, cited: float = 0.9, questions: str = "q", **changes: Any) -> None:
        """A ladder whose rung of examples, made of what bundle 0 is made of, was measured like this."""
        made = self.registry.register(manifest("few-shot", rung=Rung.FEW_SHOT, **changes), {}, as_candidate=False)
        scores = (found, Score(name="cited", value=cited, low=cited, high=cited, n=40))
        report = EvaluationReport(persona="ada", bundle=made.bundle_id, questions_digest=questions, scores=scores)
        rung = RungResult(
            rung=Rung.FEW_SHOT, report=report, fit=Verdict.PROMOTE, fit_reasons=(), on_target=True, target_reasons=()
        )
        ladder = Ladder(
            persona="ada", features_digest="0", questions_digest=questions, rungs=(rung,), steps=(), verdict="As said."
        )
        folder = self.home.evaluations / "ada" / self.base.bundle_id / "questions"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ladder.json").write_text(ladder.model_dump_json(), "utf-8")

    async def evaluate(self, persona: str, recipe: str, bundle: str) -> dict[str, Any]:
        self.evaluated.append(bundle)
        said = self.decision(Verdict.INCONCLUSIVE)
        if bundle == self.trained.bundle_id:
            self.judged(Verdict.INCONCLUSIVE)
        report = EvaluationReport(persona="ada", bundle=bundle, questions_digest="q", scores=self.scores)
        return {"report": report.model_dump(mode="json"), "decision": said.model_dump(mode="json")}

    def train(self, persona: str, recipe: str, reason: str | None) -> dict[str, Any]:
        self.trainings += 1
        return {"bundle": self.trained.bundle_id}

    def decision(self, verdict: Verdict, **changes: Any) -> GateDecision:
        values = {"champion": self.base.bundle_id, "reasons": ("as said",), "exam_digest": self.exam, **changes}
        return GateDecision(persona="ada", bundle=self.trained.bundle_id, verdict=verdict, **values)

    def judged(self, verdict: Verdict, **changes: Any) -> None:
        """What an evaluation leaves behind that was killed before it moved the alias, or had no reason to."""
        folder = self.home.evaluations / "ada" / self.trained.bundle_id / self.exam
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "decision.json").write_text(self.decision(verdict, **changes).model_dump_json(), "utf-8")
        report = EvaluationReport(persona="ada", bundle=self.trained.bundle_id, questions_digest="q", scores=())
        (folder / "report.json").write_text(report.model_dump_json(), "utf-8")

    def __call__(self, override: str | None = "a test") -> dict[str, Any]:
        return flow.refresh_twin.fn("ada", override_reason=override)

    @property
    def champion(self) -> str:
        return self.registry.resolve("ada", alias=Alias.CHAMPION).bundle_id


@pytest.fixture
def refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refreshed:
    return Refreshed(tmp_path, monkeypatch)


def test_what_was_never_judged_is_trained_again_and_judged(refresh: Refreshed) -> None:
    assert refresh()["ended"] == "the champion stays"
    assert refresh.trainings == 1 and refresh.evaluated == [refresh.base.bundle_id, refresh.trained.bundle_id]


def test_what_other_code_trained_is_trained_again(refresh: Refreshed) -> None:
    """As after an update that mends training and nothing before it."""
    refresh.judged(Verdict.REJECT)
    assert refresh()["ended"] == "nothing changed" and refresh.trainings == 0
    lineage = refresh.trained.manifest.lineage
    former = lineage.training[0].model_copy(update={"code": None})
    made = refresh.trained.manifest.model_copy(
        update={"lineage": lineage.model_copy(update={"training": (former,)}), "label": "of before"}
    )
    refresh.registry = MemoryRegistry(refresh.home.root / "another")
    refresh.base = refresh.registry.register(refresh.base.manifest, {})
    refresh.make_champion(refresh.base)
    refresh.trained = refresh.registry.register(made, {})
    refresh.judged(Verdict.REJECT)
    refresh()
    assert refresh.trainings == 1


def test_a_training_under_another_seed_is_not_what_a_refresh_goes_by(refresh: Refreshed) -> None:
    refresh.judged(Verdict.INCONCLUSIVE)
    first = refresh.trained
    lineage = trained_with(2).model_copy(update={"seed_sibling_of": first.bundle_id})
    refresh.trained = refresh.registry.register(
        manifest("trained", rung=Rung.DPO, lineage=lineage), {}, as_candidate=False
    )
    refresh.judged(Verdict.PROMOTE)
    ended = refresh()
    assert ended["ended"] == "nothing changed" and first.manifest.model_name in ended["why"]
    assert refresh.champion == refresh.base.bundle_id and refresh.trainings == 0


def test_a_second_refresh_does_not_begin_beneath_the_first(refresh: Refreshed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.personas.LOCK_WAIT_S", 0.0)
    with (
        refreshing(refresh.home, "ada"),
        pytest.raises(PlatformError, match="is being built, refreshed, trained or evaluated by process"),
    ):
        refresh()
    assert refresh.trainings == 0 and refresh.evaluated == []


def test_a_promotion_that_a_kill_left_open_is_carried_out_once(refresh: Refreshed) -> None:
    refresh.judged(Verdict.PROMOTE)
    ended = refresh()
    assert ended["ended"] == "promoted" and "not carried out till now: as said" in ended["why"]
    assert refresh.champion == refresh.trained.bundle_id
    moves = refresh.registry.history("ada")
    assert moves[-1].verdict is Verdict.PROMOTE and moves[-1].reason == f"better than {refresh.base.bundle_id}"
    assert refresh()["ended"] == "nothing changed"
    assert refresh.registry.history("ada") == moves
    assert refresh.trainings == 0 and refresh.evaluated == []


def test_a_first_promotion_is_carried_out_where_none_is_champion(tmp_path: Path, refresh: Refreshed) -> None:
    refresh.registry = MemoryRegistry(tmp_path / "another")
    refresh.base = refresh.registry.register(refresh.base.manifest, {})
    refresh.trained = refresh.registry.register(refresh.trained.manifest, {})
    refresh.judged(Verdict.PROMOTE, champion=None)
    assert refresh()["ended"] == "promoted"
    assert refresh.champion == refresh.trained.bundle_id


def test_a_champion_that_could_answer_nothing_is_the_present_one_too(refresh: Refreshed) -> None:
    refresh.judged(Verdict.PROMOTE, champion=None, unable_champion=refresh.base.bundle_id)
    assert refresh()["ended"] == "promoted"


def test_what_a_person_rolled_back_is_not_put_back(refresh: Refreshed) -> None:
    refresh.judged(Verdict.PROMOTE)
    refresh.make_champion(refresh.trained)
    refresh.make_champion(refresh.base)
    assert refresh()["ended"] == "nothing changed"
    assert refresh.champion == refresh.base.bundle_id


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.INCONCLUSIVE])
def test_what_was_decided_otherwise_stays(refresh: Refreshed, verdict: Verdict) -> None:
    refresh.judged(verdict)
    assert refresh()["ended"] == "nothing changed"
    assert refresh.champion == refresh.base.bundle_id and refresh.trainings == 0


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.INCONCLUSIVE])
def test_what_was_decided_while_questions_failed_is_judged_again_until_none_does(
    refresh: Refreshed, verdict: Verdict
) -> None:
    refresh.judged(verdict, failed_questions=1)
    assert refresh()["ended"] == "the champion stays"
    assert refresh.evaluated == [refresh.trained.bundle_id] and refresh.trainings == 0
    assert refresh()["ended"] == "nothing changed"


def test_a_hard_stop_is_no_question_of_failed_ones(refresh: Refreshed) -> None:
    stop = HardStop(kind=HardStopKind.TAINTED, detail="withdrawn")
    refresh.judged(Verdict.REJECT, stops=(stop,), failed_questions=1)
    assert refresh()["ended"] == "nothing changed"


def test_a_decision_over_a_champion_that_was_replaced_promotes_nothing(refresh: Refreshed) -> None:
    refresh.judged(Verdict.PROMOTE)
    other = refresh.registry.register(manifest("other"), {})
    refresh.make_champion(other)
    assert refresh()["ended"] == "the champion stays"
    assert refresh.champion == other.bundle_id
    assert refresh.evaluated == [refresh.trained.bundle_id] and refresh.trainings == 0


@pytest.mark.parametrize("verdict", list(Verdict))
def test_with_another_exam_it_is_judged_again_and_not_trained(refresh: Refreshed, verdict: Verdict) -> None:
    refresh.judged(verdict)
    refresh.exam = "exam 2"
    assert refresh()["ended"] == "the champion stays"
    assert refresh.evaluated == [refresh.trained.bundle_id] and refresh.trainings == 0
    assert refresh()["ended"] == "nothing changed", "once an exam"
    refresh.exam = "exam 1"
    refresh.judged(Verdict.REJECT)
    assert refresh()["ended"] == "nothing changed", "changed back"
    assert len(refresh.evaluated) == 1


def test_a_decision_of_an_older_version_names_no_exam_and_is_made_again(refresh: Refreshed) -> None:
    refresh.judged(Verdict.INCONCLUSIVE, exam_digest="")
    refresh()
    assert refresh.evaluated == [refresh.trained.bundle_id] and refresh.trainings == 0


def test_a_decision_whose_report_a_kill_prevented_is_made_again(refresh: Refreshed) -> None:
    refresh.judged(Verdict.INCONCLUSIVE)
    refresh.exam = "exam 2"
    refresh.judged(Verdict.INCONCLUSIVE)
    (refresh.home.evaluations / "ada" / refresh.trained.bundle_id / "exam 2" / "report.json").unlink()
    refresh()
    assert refresh.evaluated == [refresh.trained.bundle_id] and refresh.trainings == 0


def test_a_champion_is_not_judged_again_whatever_the_exam_is(refresh: Refreshed) -> None:
    refresh.judged(Verdict.PROMOTE)
    refresh.make_champion(refresh.trained)
    refresh.exam = "exam 2"
    assert refresh()["ended"] == "nothing changed"
    assert refresh.evaluated == []


@pytest.mark.parametrize(("low", "trainings"), [(0.59, 1), (0.6, 0)])
def test_training_is_left_out_only_if_bundle_0_is_shown_to_reach_the_targets(
    refresh: Refreshed, low: float, trainings: int
) -> None:
    refresh.with_rubric()
    refresh.scores = (Score(name="whole_answer", value=0.7, low=low, high=0.8, n=40),)
    ended = refresh(override=None)
    assert refresh.trainings == trainings
    assert ended["ended"] == ("the champion stays" if trainings else "training not needed"), ended["why"]


SHOWN = Score(name="whole_answer", value=0.7, low=0.6, high=0.8, n=40)


def test_a_cheaper_rung_that_a_ladder_shows_to_reach_the_targets_makes_training_unnecessary(refresh: Refreshed) -> None:
    refresh.with_rubric()
    refresh.climbed(SHOWN)
    ended = refresh(override=None)
    assert ended["ended"] == "training not needed" and refresh.trainings == 0
    assert ended["why"].startswith("the ladder's rung few-shot is shown to reach the targets: whole_answer: 0.700")


@pytest.mark.parametrize(
    "ladder",
    [
        {"found": SHOWN.model_copy(update={"low": 0.59})},
        {"found": SHOWN, "cited": 0.4},
        {"found": SHOWN, "questions": "others"},
        {"found": SHOWN, "lineage": trained_with(1)},
    ],
    ids=["not shown", "no longer fit", "other questions", "made of something else"],
)
def test_a_ladder_that_says_less_than_that_does_not(refresh: Refreshed, ladder: dict[str, Any]) -> None:
    refresh.with_rubric()
    refresh.climbed(**ladder)
    refresh(override=None)
    assert refresh.trainings == 1
