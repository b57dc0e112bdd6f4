from __future__ import annotations

import numpy as np
import pytest

from twin_data.contracts.learning import LearningCurve, LearningCurveConfig
from twin_data.scoring.learning_curve import learning_curve
from twin_data.scoring.voice import VoiceConfig, VoiceText

CONFIG = LearningCurveConfig(
    text_words=40, folds=3, draws=2, sizes=5, min_words=150, min_families=6, max_texts_per_author=20, max_grams=400,
    resamples=100,
)  # fmt: skip
VOICE = VoiceConfig(min_sentences=2)
NOUNS = ("boat", "lock", "gate", "tide", "clerk", "barge", "ledger", "kettle")
SEMICOLONS, PLAIN = "; and yet", ", and so"


def text(seed: int, join: str, share: float = 1.0, sentences: int = 14) -> str:
    """Sentences that join their halves in the author's way, or for the rest of them in nobody's."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(sentences):
        first, second = chance.choice(NOUNS, 2)
        mine = join if chance.random() < share else ", but"
        found.append(f"The {first} was late{mine} the {second} came in before the {chance.choice(NOUNS)} did.")
    return " ".join(found)


def own(families: int, share: float = 1.0) -> list[VoiceText]:
    return [VoiceText(f"f{at}", text(at, SEMICOLONS, share)) for at in range(families)]


def others(authors: int = 4) -> dict[str, list[str]]:
    return {f"author {at}": [text(1000 + 10 * at + one, PLAIN) for one in range(6)] for at in range(authors)}


def curve(
    mine: list[VoiceText], theirs: dict[str, list[str]], seen: list[tuple[int, int]] | None = None
) -> LearningCurve:
    def progress(done: int, total: int) -> None:
        if seen is not None:
            seen.append((done, total))

    return learning_curve(mine, theirs, config=CONFIG, voice=VOICE, progress=progress)


def test_a_hand_that_shows_in_every_sentence_is_told_from_the_first_size_on() -> None:
    seen: list[tuple[int, int]] = []
    found = curve(own(16), others(), seen)
    assert found.unsaid == "" and found.authors == ("author 0", "author 1", "author 2", "author 3")
    assert len(found.points) >= 4
    assert [one.words for one in found.points] == sorted(one.words for one in found.points)
    for one in found.points:
        assert one.auc_low <= one.auc <= one.auc_high <= 1
        assert one.auc > 0.99 and one.log_loss < 0.3
    assert found.doubled is not None and found.doubled.words == pytest.approx(2 * found.last.words, abs=2)
    assert found.gain_high < 0.01, "more of it would tell nothing more"
    assert seen[-1][0] == seen[-1][1] == sum(one.fits for one in found.points)


def test_nobodys_hand_is_told_by_chance_alone() -> None:
    mixed = [VoiceText(f"f{at}", text(at, PLAIN)) for at in range(16)]
    found = curve(mixed, others())
    assert found.last.auc_low < 0.5 < found.last.auc_high
    assert found.last.log_loss == pytest.approx(np.log(2), abs=0.15)


def test_the_same_corpus_gives_the_same_curve_whatever_the_order() -> None:
    mine = own(14, share=0.4)
    assert curve(mine, others()) == curve(mine[::-1], dict(reversed(others().items())))


def test_one_familys_texts_are_never_on_both_sides() -> None:
    """Each family has a mark of its own, which would tell held-out texts had it been learned by heart."""
    theirs = {
        name: [one.replace("late", f"late {mark}") for one in texts]
        for (name, texts), mark in zip(others().items(), "€£$§", strict=True)
    }
    marked = [
        VoiceText(f"f{at}", text(at, PLAIN).replace("late", f"late {mark}")) for at, mark in enumerate("@#%&*+=~")
    ]
    assert curve(marked, theirs).last.auc < 0.8
    alike = [VoiceText(one.group, text(at, PLAIN).replace("late", "late @")) for at, one in enumerate(marked)]
    assert curve(alike, theirs).last.auc > 0.95, "a mark that all families share does tell"


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (own(5), others(), "5 families of documents may train; 6 are needed"),
        (own(16), others(2), "2 contrast authors; 3 are needed"),
        (own(16)[:6], others(), ""),
    ],
)
def test_too_thin_is_said(mine: list[VoiceText], theirs: dict[str, list[str]], said: str) -> None:
    found = curve(mine, theirs)
    assert said in found.unsaid
    assert bool(found.unsaid) == bool(said)


def test_who_wrote_a_line_is_no_author_to_be_told_from() -> None:
    assert "2 contrast authors" in curve(own(16), {**others(2), "brief": ["Two words."]}).unsaid


def test_a_capped_corpus_is_learned_from_all_over() -> None:
    capped = CONFIG.model_copy(update={"max_own_texts": 12})
    found = learning_curve(own(16), others(), config=capped, voice=VOICE, progress=lambda done, total: None)
    assert found.held_out_texts == found.families == 12
    assert all(np.isfinite(one.log_loss) for one in found.points)


def test_short_texts_say_why_they_are_too_few() -> None:
    short = [VoiceText(f"f{at}", "The boat was late; and yet it came.") for at in range(12)]
    found = curve(short, others())
    assert found.unsaid == "too few texts of 40 words to learn from in growing samples"
    assert found.points == ()
