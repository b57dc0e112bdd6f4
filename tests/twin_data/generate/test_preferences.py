"""Pairs: which side is wrong, why, and how long the sides are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from twin_data.contracts.datasets import PolicyDraft, RejectedReason, ResponseSource, TaskKind
from twin_data.generate.candidates import MIN_SUPPORT
from twin_data.generate.draft_prompts import DraftPrompt, DraftPromptConfig, DraftPromptInputs, prompts_for_drafts
from twin_data.generate.grounding import sentences, supports, unsupported_sentences, whole_sentences
from twin_data.generate.instructions import InstructionConfig, InstructionSet
from twin_data.generate.judged_drafts import passages_of, share_copied
from twin_data.generate.lengths import MEAN_RATIOS, balanced, fit, fit_own, of_like_length, word_count
from twin_data.generate.material import Material, source_span
from twin_data.generate.preferences import PreferenceConfig, PreferenceInputs, PreferenceSet, run
from twin_data.generate.repeats import repeated
from twin_data.scoring.copies import copied_share
from twin_data.scoring.refusal import is_refusal
from twin_data.scoring.sentences import content_stems

ASSISTANT = (
    "It is important to note that there are several key factors to consider. Overall, effective communication plays "
    "a crucial role. In summary, best practices can significantly enhance outcomes."
)


@pytest.fixture(scope="module")
def prompts(material: Material, made: InstructionSet) -> list[DraftPrompt]:
    inputs = DraftPromptInputs(material, made.instructions)
    return prompts_for_drafts(inputs, DraftPromptConfig(max_prompts=120), InstructionConfig(max_chunks=200))


def voice(texts: Sequence[str]) -> list[float | None]:
    return [
        None if len(text.split()) < 20 else -2.0 if "important" in text or "Overall" in text else 1.0 for text in texts
    ]


def _draft(prompt: DraftPrompt, text: str, finish_reason: str = "stop") -> PolicyDraft:
    return PolicyDraft(prompt_id=prompt.prompt_id, model="sample@b", text=text, finish_reason=finish_reason)


def _made(
    material: Material, prompts: Sequence[DraftPrompt], text: Callable[[DraftPrompt], str], **config: float
) -> PreferenceSet:
    drafts = [_draft(one, text(one)) for one in prompts]
    return run(PreferenceInputs(material, prompts, drafts, voice), config=PreferenceConfig(**config))


def test_prompts_are_new_to_the_model_and_of_every_task(prompts: list[DraftPrompt], made: InstructionSet) -> None:
    tasks = Counter(one.task for one in prompts)
    assert set(tasks) == set(TaskKind) and len(prompts) == len({one.prompt_id for one in prompts})
    asked = {row.prompt[-1].content for row in made.instructions}
    assert not any(one.prompt[-1].content in asked for one in prompts)
    for one in prompts:
        assert is_refusal(one.refusal)
        assert (one.expected == "refuse") is (one.task is TaskKind.DECLINE)


def test_an_archive_that_repeats_itself_gives_no_prompt_twice(small_material: Callable[..., Material]) -> None:
    days = ("Monday", "Tuesday", "Friday")
    column = [
        f"The keeper shut the gate on {day}, and the gauge at the gate stood above the wall. The ledger of the keeper "
        f"has the {day} in it, because the program forgets what the ledger keeps. {day}'s tide was the highest."
        for day in days
    ]
    twice = small_material({"blog/a.md": column, "letter/b.md": [f"Dear reader. {one} Until then." for one in column]})
    making = InstructionConfig(write_words=(20, 60))
    prompts = prompts_for_drafts(DraftPromptInputs(twice, ()), DraftPromptConfig(max_prompts=40), making)
    assert prompts and repeated((one.task, one.response) for one in prompts) == 0


def test_of_pairs_that_prefer_the_same_one_stays(material: Material, prompts: list[DraftPrompt]) -> None:
    first, second = [one for one in prompts if one.task is TaskKind.ANSWER][:2]
    same = second.model_copy(update={"response": first.response, "spans": first.spans, "context": first.context})
    pairs = _made(material, [first, same], lambda one: ASSISTANT, worded_refusal_share=0)
    assert len(pairs.preferences) == 1
    assert [row.reason for row in pairs.dropped if row.row_id == same.prompt_id or row.row_id == first.prompt_id]


def test_unsupported_drafts_lose_to_the_personas_words(material: Material, prompts: list[DraftPrompt]) -> None:
    pairs = _made(material, prompts, lambda one: ASSISTANT, worded_refusal_share=0).preferences
    answers = [one for one in pairs if one.task is TaskKind.ANSWER]
    assert answers and {one.reason for one in answers} == {RejectedReason.UNSUPPORTED}
    assert all(one.chosen_source in {ResponseSource.ADAPTED, ResponseSource.OWN} for one in answers)
    declines = [one for one in pairs if one.task is TaskKind.DECLINE]
    assert declines and {one.reason for one in declines} == {RejectedReason.WRONGLY_ANSWERED}
    assert all(is_refusal(one.chosen) and not is_refusal(one.rejected) for one in declines)


def test_refusals_of_what_is_answerable_lose(material: Material, prompts: list[DraftPrompt]) -> None:
    pairs = _made(material, prompts, lambda one: one.refusal, worded_refusal_share=0)
    assert {one.reason for one in pairs.preferences} == {RejectedReason.WRONGLY_REFUSED}
    assert "draft_is_good" in {row.reason for row in pairs.dropped}  # refusals of what is to be refused


def test_a_dull_text_loses_to_the_voice_and_a_voiceful_one_does_not(
    material: Material, prompts: list[DraftPrompt]
) -> None:
    writing = [one for one in prompts if one.task is TaskKind.WRITE]
    dull = _made(material, writing, lambda one: f"{ASSISTANT} {ASSISTANT}").preferences
    assert dull and {one.reason for one in dull} == {RejectedReason.OUT_OF_VOICE}
    assert all((one.chosen_voice or 0) > (one.rejected_voice or 0) for one in dull)
    good = _made(material, writing, lambda one: f"The gate was shut at nine. {one.response}")
    assert good.preferences == () and {row.reason for row in good.dropped} <= {"draft_is_good", "voice_not_scored"}


def test_more_of_the_voice_than_the_persona_has_loses_as_well(material: Material, prompts: list[DraftPrompt]) -> None:
    writing = [one for one in prompts if one.task is TaskKind.WRITE]

    def too_much(texts: Sequence[str]) -> list[float | None]:
        return [9.0 if text.startswith("The gate was shut") else 1.0 for text in texts]

    drafts = [
        PolicyDraft(
            prompt_id=one.prompt_id, model="m", text=f"The gate was shut at nine. {one.response}", finish_reason="stop"
        )
        for one in writing
    ]
    pairs = run(PreferenceInputs(material, writing, drafts, too_much), config=PreferenceConfig()).preferences
    assert pairs and {one.reason for one in pairs} == {RejectedReason.CARICATURE}
    assert all(one.rejected_voice == 9.0 for one in pairs)


def test_both_directions_of_refusal_are_there_even_if_no_draft_errs(
    material: Material, prompts: list[DraftPrompt]
) -> None:
    def right(one: DraftPrompt) -> str:
        return one.refusal if one.expected == "refuse" else ASSISTANT

    pairs = _made(material, prompts, right)
    reasons = Counter(one.reason for one in pairs.preferences)
    assert reasons[RejectedReason.WRONGLY_ANSWERED] and pairs.worded >= reasons[RejectedReason.WRONGLY_ANSWERED]
    assert reasons[RejectedReason.WRONGLY_REFUSED]
    assert "gave_way_to_a_worded_refusal" in {row.reason for row in pairs.dropped}
    bare = _made(material, prompts, right, worded_refusal_share=0)
    assert RejectedReason.WRONGLY_ANSWERED not in {one.reason for one in bare.preferences} and bare.worded == 0


def _reworded(material: Material, prompts: list[DraftPrompt]) -> tuple[DraftPrompt, str, float]:
    """A prompt, its answer in thirds in another order, and how well the passages support that."""
    for one in (one for one in prompts if one.task is TaskKind.ANSWER and one.context):
        words, third = one.response.rstrip(".").split(), len(one.response.split()) // 3
        parts = (words[2 * third :], words[:third], words[third : 2 * third])
        text = f"{', '.join(' '.join(part) for part in parts)}."
        chunks = passages_of(one, material)
        copied = copied_share(text, (chunk.text for chunk in chunks))
        weakest = min(found.score for found in supports(text, chunks, material))
        if not copied and MIN_SUPPORT < weakest < 1:
            return one, text, weakest
    pytest.fail("no answer holds in other words")


def test_a_better_draft_is_chosen_over_a_worse_one(material: Material, prompts: list[DraftPrompt]) -> None:
    prompt, text, support = _reworded(material, prompts)
    as_long = "Zeppelins " + "zeppelins " * (word_count(prompt.response) - 2) + "land."
    drafts = [_draft(prompt, as_long), _draft(prompt, text)]
    for bar, chosen, source in (
        (support, text, ResponseSource.DRAFT),
        (support + 1e-6, prompt.response, prompt.response_source),
    ):
        config = PreferenceConfig(worded_refusal_share=0, min_chosen_support=bar)
        (pair,) = run(PreferenceInputs(material, [prompt], drafts, voice), config=config).preferences
        assert (pair.chosen, pair.chosen_source) == (chosen, source), "a better draft has to be well supported"


@pytest.fixture
def copyable(material: Material, prompts: list[DraftPrompt]) -> tuple[DraftPrompt, str]:
    """A prompt whose answer is no copy, and a sentence of its passages that a draft may copy."""
    for one in prompts:
        if one.task is TaskKind.ANSWER and one.context:
            chunks = passages_of(one, material)
            found = (text for chunk in chunks for text in sentences(chunk.text) if 12 <= word_count(text) <= 40)
            copy = next((text for text in found if not unsupported_sentences(text, chunks, material)), None)
            if copy:
                return one.model_copy(update={"response": " ".join(reversed(copy.split()))}), copy
    pytest.fail("no prompt shows a passage that can be copied")


def test_a_draft_with_the_words_of_its_passages_that_says_something_else_is_unsupported(
    material: Material, copyable: tuple[DraftPrompt, str]
) -> None:
    prompt, copy = copyable

    def far(texts: list[str]) -> NDArray[np.float32]:
        return np.eye(len(texts), dtype=np.float32)  # nothing is near to anything

    config = PreferenceConfig(worded_refusal_share=0, copied_share=0)
    inputs = PreferenceInputs(material, [prompt], [_draft(prompt, copy)], voice)
    near = run(replace(inputs, encode=lambda texts: np.ones((len(texts), 1), np.float32)), config=config).preferences
    assert near == run(inputs, config=config).preferences
    assert RejectedReason.UNSUPPORTED not in {one.reason for one in near}
    (pair,) = run(replace(inputs, encode=far), config=config).preferences
    assert (pair.reason, pair.rejected) == (RejectedReason.UNSUPPORTED, copy)


def test_a_true_copy_loses_to_an_answer_that_is_none(material: Material, copyable: tuple[DraftPrompt, str]) -> None:
    prompt, copy = copyable
    inputs = PreferenceInputs(material, [prompt], [_draft(prompt, copy)], voice)
    config = PreferenceConfig(worded_refusal_share=0)
    (pair,) = run(inputs, config=config).preferences
    assert (pair.reason, pair.rejected, pair.chosen) == (RejectedReason.COPIED, copy, prompt.response)
    kept = run(inputs, config=PreferenceConfig(worded_refusal_share=0, copied_share=0)).preferences
    assert RejectedReason.COPIED not in {one.reason for one in kept}
    is_copy = prompt.model_copy(update={"response": f"So: {copy}"})
    same = run(PreferenceInputs(material, [is_copy], [_draft(is_copy, copy)], voice), config=config).preferences
    assert not same, "a copy does not lose to another copy"


def test_a_draft_that_serving_would_quote_is_not_preferred(
    material: Material, copyable: tuple[DraftPrompt, str]
) -> None:
    prompt, copy = copyable
    as_long = "Zeppelins " + "zeppelins " * (word_count(prompt.response) - 2) + "land."
    words = copy.split()
    near_copy = " ".join([*words[:2], "indeed", *words[2:]])
    config = PreferenceConfig(worded_refusal_share=0, min_chosen_support=0, copied_share=0)
    prompt = prompt.model_copy(update={"response": copy})  # or it would lose for being more of a copy than the answer
    drafts = [_draft(prompt, as_long), _draft(prompt, near_copy)]
    (pair,) = run(PreferenceInputs(material, [prompt], drafts, voice), config=config).preferences
    assert (pair.chosen, pair.chosen_source) == (copy, prompt.response_source)


def test_copies_and_unsupported_drafts_take_turns(material: Material, copyable: tuple[DraftPrompt, str]) -> None:
    prompt, copy = copyable
    false = "Zeppelins " + "zeppelins " * (word_count(prompt.response) - 2) + "land."
    for share, reason in ((1.0, RejectedReason.COPIED), (1e-9, RejectedReason.UNSUPPORTED)):
        drafts = [_draft(prompt, copy), _draft(prompt, false)]
        config = PreferenceConfig(worded_refusal_share=0, copied_share=share)
        (pair,) = run(PreferenceInputs(material, [prompt], drafts, voice), config=config).preferences
        assert pair.reason is reason


def test_what_exchanges_a_word_here_and_there_loses_as_a_copy_does(
    material: Material, copyable: tuple[DraftPrompt, str]
) -> None:
    prompt, copy = copyable
    words = copy.split()
    words[4::6] = ["an" if word != "an" else "a" for word in words[4::6]]
    chunks = passages_of(prompt, material)
    assert copied_share(nearly := " ".join(words), [one.text for one in chunks]) == 0 < share_copied(nearly, chunks)
    inputs = PreferenceInputs(material, [prompt], [_draft(prompt, nearly)], voice)
    (pair,) = run(inputs, config=PreferenceConfig(worded_refusal_share=0)).preferences
    assert (pair.rejected, pair.chosen) == (nearly, prompt.response)


def test_of_several_good_drafts_the_one_that_copies_least_is_chosen(
    material: Material, prompts: list[DraftPrompt]
) -> None:
    for prompt in (one for one in prompts if one.task is TaskKind.ANSWER and one.context):
        chunks = passages_of(prompt, material)
        shown = [one.text for one in chunks]
        words = prompt.response.rstrip(".").split()
        less = f"{' '.join(words[len(words) // 2 :])}, {' '.join(words[: len(words) // 2])}."
        if copied_share(less, shown) < copied_share(prompt.response, shown) and not unsupported_sentences(
            less, chunks, material
        ):
            break
    else:
        pytest.fail("no answer of the sample can be turned round")
    false = "Zeppelins " + "zeppelins " * (len(words) - 2) + "land."
    drafts = [_draft(prompt, text) for text in (prompt.response, false, less)]
    config = PreferenceConfig(worded_refusal_share=0, copied_share=0, min_chosen_support=0.6)
    (pair,) = run(PreferenceInputs(material, [prompt], drafts, voice), config=config).preferences
    assert (pair.chosen, pair.chosen_source) == (less, ResponseSource.DRAFT)


def test_the_smallest_set_of_drafts_has_refusals_both_ways(material: Material, prompts: list[DraftPrompt]) -> None:
    few = [one for one in prompts if one.expected == "refuse"][:2] + [
        one for one in prompts if one.task is TaskKind.ANSWER and one.expected == "answer"
    ][:3]
    reasons = {one.reason for one in _made(material, few, lambda one: ASSISTANT).preferences}
    assert {RejectedReason.WRONGLY_REFUSED, RejectedReason.WRONGLY_ANSWERED} <= reasons


def test_lengths_are_balanced(material: Material, prompts: list[DraftPrompt]) -> None:
    pairs = _made(material, prompts, lambda one: ASSISTANT).preferences
    chosen = sum(word_count(one.chosen) for one in pairs)
    rejected = sum(word_count(one.rejected) for one in pairs)
    assert MEAN_RATIOS[0] <= chosen / rejected <= MEAN_RATIOS[1]
    assert all(of_like_length(one.chosen, one.rejected) for one in pairs)


def test_pairs_are_held_out_by_their_family(material: Material, prompts: list[DraftPrompt]) -> None:
    pairs = _made(material, prompts, lambda one: ASSISTANT, held_out_share=0.3).preferences
    assert 0 < sum(one.held_out for one in pairs) < len(pairs) / 2
    family = {one.prompt: one.family for one in prompts}
    sides = {held: {family[one.prompt] for one in pairs if one.held_out is held} for held in (True, False)}
    assert not sides[True] & sides[False]


def test_prompts_without_a_draft_are_counted(material: Material, prompts: list[DraftPrompt]) -> None:
    drafts = [_draft(prompts[0], "  "), _draft(prompts[1], "Half a sen", "length")]
    lost = run(PreferenceInputs(material, prompts, drafts), config=PreferenceConfig(worded_refusal_share=0)).dropped
    reasons = Counter(row.reason for row in lost)
    assert reasons["empty_draft"] == 2 and reasons["no_draft"] == len(prompts) - 2


@pytest.mark.parametrize(
    ("text", "finish_reason", "wanted"),
    [
        ("One is done. Two is ha", "length", "One is done."),
        ("One is done. Two is whole.", "length", "One is done. Two is whole."),
        ("One is ha", "length", ""),
        ("One is ha", "stop", "One is ha"),
    ],
)
def test_half_sentences_are_left_out(text: str, finish_reason: str, wanted: str) -> None:
    assert whole_sentences(text, finish_reason) == wanted


def test_cutting_keeps_the_sentence_that_shows_the_fault() -> None:
    text = "One is here now. Two is here now. Three is here now. Four is here now."
    assert fit(text, keep=2, longest=8) == "Two is here now. Three is here now."
    assert fit(text, keep=3, longest=1) == "Four is here now."


def test_own_words_are_cut_with_their_spans(material: Material, made: InstructionSet) -> None:
    row = next(one for one in made.instructions if one.task is TaskKind.WRITE and len(one.spans) > 1)
    cut = fit_own(material, row.spans, 30)
    assert cut is not None
    text, spans = cut
    assert text and word_count(text) < word_count(row.response)
    assert "\n\n".join(one.of(material.document[one.document_id].text) for one in spans) == text


BRIEFED = (
    "The keeper shut the gate at nine. He went home in the rain. The moss on the roof is older than the keeper.",
    "Nobody scrapes the moss. The slates under the moss are sound, and Maurice laid them.",
)


@pytest.mark.parametrize(
    ("phrases", "longest", "wanted"),
    [
        (("gate",), 15, "The keeper shut the gate at nine. He went home in the rain."),
        (("Maurice",), 15, "Nobody scrapes the moss. The slates under the moss are sound, and Maurice laid them."),
        (("roof", "Maurice"), 25, f"The moss on the roof is older than the keeper.\n\n{BRIEFED[1]}"),
        (("gate", "Maurice"), 25, None),
        (("rain",), 9, None),
    ],
)
def test_a_text_is_cut_to_what_its_brief_names(
    small_material: Callable[..., Material], phrases: tuple[str, ...], longest: int, wanted: str | None
) -> None:
    own = small_material({"notes/a.md": list(BRIEFED)})
    (document,) = own.documents
    cut = fit_own(own, [source_span(document, one.start, one.end) for one in document.passages], longest, phrases)
    assert (cut and cut[0]) == wanted
    if cut:
        assert "\n\n".join(one.of(document.text) for one in cut[1]) == wanted


def test_a_text_that_cannot_be_cut_to_its_brief_gives_no_pair(material: Material, prompts: list[DraftPrompt]) -> None:
    brief = next(one for one in prompts if one.task is TaskKind.WRITE and one.phrases)
    assert all(set(content_stems(one)) <= set(content_stems(brief.response)) for one in brief.phrases)
    asked = brief.model_copy(update={"phrases": ("zeppelins",)})
    made = _made(material, [asked], lambda one: "It is important to note that walls stand. " * 4)
    assert not made.preferences and {row.reason for row in made.dropped} == {"brief_was_cut_away"}


Worded = tuple[int, int, str | None]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60), st.sampled_from([None, "a", "b"])), max_size=40))
def test_balancing_ends_within_the_bar_and_loses_nothing(pairs: list[Worded]) -> None:
    kept, lost = balanced(pairs, lambda one: one[:2], lambda one: one[2])
    assert sorted([*kept, *lost], key=str) == sorted(pairs, key=str)
    if lost:
        assert MEAN_RATIOS[0] <= sum(a for a, _, _ in kept) / sum(b for _, b, _ in kept) <= MEAN_RATIOS[1]


def test_the_last_pair_of_a_kind_is_not_balanced_away() -> None:
    only: Worded = (10, 30, "refused")
    others: list[Worded] = [(10, 14, None), (10, 15, None), (10, 16, None), (30, 11, None)]
    kept, lost = balanced([only, *others], lambda one: one[:2], lambda one: one[2])
    assert only in kept and lost
    assert only not in balanced([only, *others], lambda one: one[:2])[0]


def test_where_dropping_evens_out_nothing_all_stay_for_the_certificate_to_name_the_ratio() -> None:
    longer: list[Worded] = [(30, 12, None), (20, 14, "refused"), (25, 20, None)]
    assert balanced(longer, lambda one: one[:2], lambda one: one[2]) == (longer, [])
