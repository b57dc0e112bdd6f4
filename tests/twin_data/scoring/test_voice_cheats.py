"""Planted cheats: the persona's own unseen text must stand above each of them, with disjoint intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from twin_data.scoring.sentences import sentence_spans, words
from twin_data.scoring.voice import VoiceConfig, VoiceProfile, VoiceText, segments_of
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.sources.contrast import read_contrast
from twin_eval.counterfeits import (
    CANNED_REFUSALS,
    pet_phrases,
    stuffed_with_phrases,
    stuffed_with_quotations,
    word_salad,
)
from twin_eval.statistics import IntervalConfig, mean_score
from twin_eval.unquoted import unquoted

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
WORDS = 120
CONFIG = VoiceConfig(max_segments=60, max_grams=4000)


@dataclass(frozen=True)
class Case:
    """A fitted voice, texts that it never saw, and what cheats are made of."""

    profile: VoiceProfile
    own: tuple[str, ...]
    unseen: tuple[str, ...]
    stranger: tuple[str, ...]
    prose: tuple[str, ...]


def sample() -> Case:
    """The sample persona's blog; one contrast author and a third of the assistant's prose are left out."""
    own = read_contrast(ROOT / "personas" / "sample" / "sources")["blog"]
    contrast = read_contrast(ROOT / "personas" / "contrast")
    return case(own[:-8], own[-8:], contrast, "eustace-varnhelm")


def chesterton() -> Case:
    """Two books of Chesterton, a third that was never seen, and Belloc as the stranger."""
    if not DATA.is_dir():
        pytest.skip("needs the test data in ../shared/data")
    books = read_contrast(DATA / "personas" / "chesterton")
    contrast = read_contrast(DATA / "contrast")
    chosen = {
        name: contrast[name][:8] for name in ("hilaire-belloc", "bertrand-russell", "john-stuart-mill", "w-e-b-du-bois")
    }
    answers = next((DATA / "assistant").glob("*.jsonl")).read_text("utf-8").splitlines()
    chosen["assistant"] = tuple(json.loads(line)["text"] for line in answers[:120])
    return case(
        books["orthodoxy"] + books["heretics"][:10], books["whats-wrong-with-the-world"][:24], chosen, "hilaire-belloc"
    )


def case(own: Sequence[str], unseen: Sequence[str], contrast: dict[str, tuple[str, ...]], stranger: str) -> Case:
    prose = contrast["assistant"]
    kept = len(prose) * 2 // 3
    others = {name: texts for name, texts in contrast.items() if name != stranger} | {"assistant": prose[:kept]}
    texts = [VoiceText(group=str(at), text=text) for at, text in enumerate(own)]
    profile = fit_voice(texts, others, config=CONFIG)
    return Case(profile, tuple(own), tuple(unseen), contrast[stranger], prose[kept:])


@pytest.fixture(scope="module", params=[sample, chesterton], ids=["sample", "chesterton"])
def voice(request: pytest.FixtureRequest) -> Case:
    return request.param()  # type: ignore[no-any-return]


def interval(case: Case, texts: Sequence[str]) -> tuple[float, float, float]:
    """Mean per cent of the gap and its interval over segments of the texts."""
    segments = [one for one in segments_of(texts, WORDS) if len(words(one)) >= WORDS]
    score = mean_score(
        "voice", [one.percent if one else None for one in case.profile.score(segments)], config=IntervalConfig()
    )
    assert score is not None and score.n >= 5
    assert score.value is not None and score.low is not None and score.high is not None
    return score.low, score.value, score.high


def must_lose(case: Case, texts: Sequence[str], *, at_most: float) -> None:
    low, own, _ = interval(case, case.unseen)
    _, cheat, high = interval(case, texts)
    assert high < low, f"cheat {cheat:.0f} up to {high:.0f}, own {own:.0f} from {low:.0f}"
    assert cheat < at_most


def test_the_own_unseen_text_is_near_the_ceiling(voice: Case) -> None:
    low, own, high = interval(voice, voice.unseen)
    assert 60 < own < 140


def test_a_foreign_author_never_seen_loses(voice: Case) -> None:
    must_lose(voice, voice.stranger, at_most=60)


def test_assistant_prose_loses(voice: Case) -> None:
    must_lose(voice, voice.prose, at_most=40)


def test_a_canned_refusal_loses(voice: Case) -> None:
    must_lose(
        voice, [*CANNED_REFUSALS, *CANNED_REFUSALS[::2], *CANNED_REFUSALS[::-1], *CANNED_REFUSALS[1::2]] * 2, at_most=50
    )


def test_a_canned_refusal_alone_does_not_reach_the_ceiling(voice: Case) -> None:
    for one in voice.profile.score(CANNED_REFUSALS):
        assert one is not None and one.percent < 80


def test_quoting_the_author_wins_nothing(voice: Case) -> None:
    quotable = [span.of(text) for text in voice.own[:6] for span in sentence_spans(text)]
    stuffed = [stuffed_with_quotations(one, quotable, seed=at) for at, one in enumerate(voice.prose)]
    assert interval(voice, stuffed)[1] > interval(voice, voice.prose)[1]  # the cheat works where quotations count
    must_lose(voice, [unquoted(one) for one in stuffed], at_most=40)


def test_stuffing_pet_phrases_loses(voice: Case) -> None:
    phrases = pet_phrases(voice.own, voice.prose)
    assert len(phrases) >= 20
    must_lose(voice, [stuffed_with_phrases(one, phrases, seed=at) for at, one in enumerate(voice.prose)], at_most=75)


def test_word_salad_loses_and_is_recognised(voice: Case) -> None:
    salad = [word_salad(voice.own, words=WORDS, seed=at) for at in range(20)]
    must_lose(voice, salad, at_most=40)
    scores = [one for one in voice.profile.score(salad) if one]
    assert sum(not one.typical for one in scores) >= 0.8 * len(scores)


def test_what_is_no_english_prose_is_recognised(voice: Case) -> None:
    code = "for at in range(10): total += values[at] * weights[at]; print(total, file=sys.stderr) # " * 8
    german = "Der Mensch ist frei geboren, und überall liegt er in Ketten; doch keiner weiß, wie das gekommen ist. " * 4
    for one in voice.profile.score([code, german]):
        assert one is not None and not one.typical and one.percent <= 0


def test_the_own_unseen_text_is_typical(voice: Case) -> None:
    scores = [one for one in voice.profile.score(segments_of(voice.unseen, 60)) if one]
    assert sum(one.typical for one in scores) >= 0.95 * len(scores)
