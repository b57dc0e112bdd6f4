from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.errors import CorpusError, IntegrityError
from twin_data.scoring.style_counts import count_style, grouping, stretches
from twin_data.scoring.style_features import (
    HABITS,
    character_grams,
    habits,
    masked,
    sentences_of,
    shared_words,
    token_grams,
)
from twin_data.scoring.voice import PROFILE_FILE, VoiceConfig, VoiceProfile, VoiceText, segments_of
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.sources.contrast import read_contrast

CONTRAST = Path(__file__).parents[3] / "personas" / "contrast"
OWN, STRANGER = "brody-tannenholt", "eustace-varnhelm"
CONFIG = VoiceConfig(max_segments=40, max_grams=3000, lengths=(30, 60, 120))


@pytest.fixture(scope="module")
def texts() -> dict[str, tuple[str, ...]]:
    return read_contrast(CONTRAST)


@pytest.fixture(scope="module")
def profile(texts: dict[str, tuple[str, ...]]) -> VoiceProfile:
    """Brody's voice, learned from all but his last text and without ever seeing Eustace."""
    own = [VoiceText(group=str(at), text=text) for at, text in enumerate(texts[OWN][:-1])]
    others = {name: theirs for name, theirs in texts.items() if name not in (OWN, STRANGER)}
    return fit_voice(own, others, config=CONFIG.model_copy(update={"min_own_words": 1000}))


def mean_percent(profile: VoiceProfile, text: str) -> float:
    return float(np.mean([one.percent for one in profile.score(segments_of([text], 60)) if one]))


def test_the_contrast_shipped_has_four_authors(texts: dict[str, tuple[str, ...]]) -> None:
    assert set(texts) == {"assistant", OWN, STRANGER, "marisol-fennwright"}
    assert len(texts["assistant"]) == 130


def test_an_unseen_text_of_the_author_is_near_the_ceiling_and_a_stranger_far_below(
    profile: VoiceProfile, texts: dict[str, tuple[str, ...]]
) -> None:
    own, stranger = mean_percent(profile, texts[OWN][-1]), mean_percent(profile, texts[STRANGER][0])
    assert own > 70
    assert stranger < 30
    assert profile.auc > 0.85


def test_assistant_prose_is_no_voice(profile: VoiceProfile, texts: dict[str, tuple[str, ...]]) -> None:
    prose = "\n\n".join(texts["assistant"][:10])
    assert mean_percent(profile, prose) < 30


def test_short_texts_are_not_scored(profile: VoiceProfile) -> None:
    assert profile.score(["Too short to tell.", ""]) == [None, None]


def test_a_profile_survives_its_file(profile: VoiceProfile, tmp_path: Path, texts: dict[str, tuple[str, ...]]) -> None:
    (tmp_path / PROFILE_FILE).write_text(profile.to_json(), "utf-8")
    loaded = VoiceProfile.load(tmp_path)
    assert loaded.digest == profile.digest
    assert loaded.score([texts[OWN][0]]) == profile.score([texts[OWN][0]])


def test_no_profile_and_a_damaged_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="voice profile"):
        VoiceProfile.load(tmp_path)
    (tmp_path / "voice.json").write_text("{}")
    with pytest.raises(IntegrityError, match="voice profile"):
        VoiceProfile.load(tmp_path)


def test_a_profile_of_another_format_is_refused(profile: VoiceProfile, tmp_path: Path) -> None:
    (tmp_path / PROFILE_FILE).write_text(profile.to_json().replace('"format": 2', '"format": 1'), "utf-8")
    with pytest.raises(IntegrityError, match="voice profile"):
        VoiceProfile.load(tmp_path)


def test_the_same_texts_give_the_same_profile(texts: dict[str, tuple[str, ...]]) -> None:
    own = [VoiceText(group=str(at), text=text) for at, text in enumerate(texts[OWN])]
    others = {name: texts[name][:4] for name in (STRANGER, "marisol-fennwright")}
    config = CONFIG.model_copy(update={"lengths": (60,)})
    assert fit_voice(own, others, config=config).digest == fit_voice(own, others, config=config).digest


def test_too_little_to_learn_from_is_refused(texts: dict[str, tuple[str, ...]]) -> None:
    own = [VoiceText(group="a", text=texts[OWN][0])]
    with pytest.raises(CorpusError, match="too few"):
        fit_voice(own, texts, config=CONFIG)
    with pytest.raises(CorpusError, match="contrast authors"):
        fit_voice(own, {STRANGER: texts[STRANGER]}, config=CONFIG.model_copy(update={"min_own_words": 10}))


def test_one_hand_on_both_sides_is_no_voice(texts: dict[str, tuple[str, ...]]) -> None:
    """If the others are the author himself, nothing can be told apart, and that is said."""
    own = [VoiceText(group=str(at), text=text) for at, text in enumerate(texts[OWN])]
    same = {"one": texts[OWN][:3], "two": texts[OWN][3:]}
    with pytest.raises(CorpusError, match="cannot be told"):
        fit_voice(own, same, config=CONFIG)


def test_masking_hides_the_subject_and_keeps_the_hand() -> None:
    kept = frozenset({"the", "and", "of", "but"})
    first = masked("The cost of Kafka, and the lamp — but the eel!", kept)
    second = masked("The list of Rovka, and the damp — but the reel!", kept)
    assert first.startswith("The ") and " — but the " in first
    assert "Kafka" not in first and "lamp" not in first
    assert first == second


def test_words_of_most_authors_are_kept() -> None:
    texts = {"a": ["the eel and I"], "b": ["the clock and you"], "c": ["the sea"]}
    assert shared_words(texts) == {"the", "and"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_measured(text: str) -> None:
    assert habits(text).shape == (len(HABITS),)
    assert np.isfinite(habits(text)).all()
    hidden = masked(text, frozenset())
    assert sum(character_grams(hidden).values()) >= 0
    assert token_grams(hidden)["<s>"] == 1


def test_only_the_most_frequent_of_the_shared_words_are_kept() -> None:
    texts = {"a": ["the eel and the church"], "b": ["the clock and the church the"]}
    assert shared_words(texts, most=1) == {"the"}
    assert shared_words(texts, most=3) == {"the", "and", "church"}


def test_tokens_tell_the_order_of_words_and_marks() -> None:
    grams = token_grams("But it is not, ^•on; 0 is.")
    assert grams["<s> But it"] == grams["is not ,"] == grams[", ^•on ;"] == grams["is . </s>"] == 1
    assert grams["is"] == 2


def test_a_stretch_is_counted_as_the_sum_of_its_sentences() -> None:
    """Fitting counts sentence by sentence and scoring text by text: they must see the same."""
    text = "I say no; and I say it twice. The eel did not. Whose was the eel?\n\nNobody's, I think - but who knows!"
    sentences = sentences_of(text)
    counted = count_style(sentences, {"i", "say", "the", "not"}, most=5000, at_least=1)
    whole = counted.summed(grouping([(0, len(sentences))], len(sentences)))
    assert np.allclose(whole.habits[0], habits(text))
    expected = sum((token_grams(masked(one, {"i", "say", "the", "not"})) for one in sentences), start=Counter())
    row = whole.tokens.counts.toarray()[0]
    assert dict(zip(whole.tokens.grams, row, strict=True)) == dict(expected)
    assert whole.tokens.totals[0] == expected.total()
    assert whole.tokens.known_shares()[0] == 1


def test_stretches_are_whole_sentences_and_leave_no_long_rest() -> None:
    found = stretches([10, 25, 5, 30, 14, 20], 30, shortest=25)
    assert [(one.first, one.last, one.words) for one in found] == [(0, 2, 35), (2, 4, 35), (4, 6, 34)]
    assert [one.last for one in stretches([30, 20], 30, shortest=25)] == [1]
    assert [one.last for one in stretches([30, 26], 30, shortest=25)] == [1, 2]


def test_fitting_and_scoring_agree(profile: VoiceProfile, texts: dict[str, tuple[str, ...]]) -> None:
    """The levels were measured by folds; the final weights must still put own segments over the others'."""
    own = profile.logits(segments_of(texts[OWN][:-1], 60))
    others = profile.logits(segments_of(texts["marisol-fennwright"], 60))
    assert own.min() > others.mean()
    assert np.median(own) > np.max(others)


def test_longer_texts_are_judged_with_more_certainty(profile: VoiceProfile) -> None:
    gaps = [point.ceiling - point.floor for point in profile.levels]
    assert gaps == sorted(gaps)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="ab .!\n", max_size=200), max_size=6), st.integers(5, 60))
def test_segments_hold_the_texts_in_order(texts: list[str], length: int) -> None:
    joined = "".join("".join(texts).split())
    at = 0
    for segment in segments_of(texts, length):
        piece = "".join(segment.split())
        assert (at := joined.find(piece, at)) >= 0
        at += len(piece)
