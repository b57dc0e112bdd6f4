"""Pairs of preference optimisation, made of the SFT model's own drafts.

The chosen side is the persona's own or adapted words, or a better draft; the rejected side is a draft that is out of
voice or a caricature of it, says what the passages do not, copies them, refuses what they answer or answers what they
do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import (
    DroppedRow,
    PolicyDraft,
    Preference,
    RejectedReason,
    ResponseSource,
    SourceSpan,
    TaskKind,
)
from twin_data.contracts.digests import digest_text, digest_value, short
from twin_data.generate.candidates import dropped
from twin_data.generate.draft_prompts import DraftPrompt
from twin_data.generate.instructions import held_out_families
from twin_data.generate.judged_drafts import Judge, JudgedDraft, passages_of, share_copied
from twin_data.generate.lengths import balanced, fit, fit_own, of_like_length, word_count
from twin_data.generate.material import Material
from twin_data.generate.repeats import Responses
from twin_data.scoring.closeness import Encode
from twin_data.scoring.refusal import is_refusal

VoiceScorer = Callable[[Sequence[str]], Sequence[float | None]]
"""Logits of the voice; None for texts too short to be scored."""
STAGE = "verify"
MOSTLY = 0.5
"""Share of copied stretches from which an answer is called a copy."""
CLEARLY = 0.25
"""What a copy must copy more than the answer that it loses to."""


class PreferenceConfig(Contract):
    """Bars and shares of the preference dataset."""

    seed: int = 0
    min_voice_gap: float = Field(default=1.0, ge=0)
    """Logits by which a draft must have less of the voice than the chosen side, or more, to be rejected for it. Both
    ways alike: drafts that are as much in the voice as the persona's own words then push it nowhere."""
    worded_refusal_share: float = Field(default=0.08, ge=0, lt=0.5)
    """Share of pairs in each direction of refusal that is filled up with worded ones where drafts gave fewer."""
    copied_share: float = Field(default=0.5, ge=0, le=1)
    """Share of answers' prompts whose rejected draft is a copy of its passages, where there is one, rather than an
    unsupported draft; 0 rejects no copies."""
    min_chosen_support: float = Field(default=0.85, ge=0, le=1)
    """How well the passages must support each sentence of a draft that is preferred to the persona's own words. Higher
    than what is served: what is preferred for passing a check teaches whatever the check overlooks."""
    min_closeness: float = Field(default=0.7, ge=0, le=1)
    """Cosine of a draft's sentence to the stretch that supports it below which it is unsupported, as in serving."""
    min_held: float = Field(default=0.6, ge=0, le=1)
    """The same of the product of support and cosine."""
    length_slack: float = Field(default=1.3, ge=1, le=2)
    """A side longer than so many times the other is cut at a sentence's end."""
    held_out_share: float = Field(default=0.1, ge=0, lt=0.5)
    """Share of families whose pairs are watched and never trained on; at least one family."""


@dataclass(frozen=True)
class PreferenceInputs:
    """What pairs are made of.

    Attributes:
        material: The features.
        prompts: What drafts were asked for.
        drafts: What the model wrote; several of one prompt may be among them.
        voice: Scores how near a text is to the persona's voice; None leaves voice unjudged.
        encode: Embeds sentences; None leaves their nearness to the passages unjudged.
    """

    material: Material
    prompts: Sequence[DraftPrompt]
    drafts: Sequence[PolicyDraft]
    voice: VoiceScorer | None = None
    encode: Encode | None = None


@dataclass(frozen=True)
class PreferenceSet:
    """The pairs, what did not become one, and how many rejected sides are worded rather than drafted."""

    preferences: tuple[Preference, ...]
    dropped: tuple[DroppedRow, ...]
    worded: int


@dataclass(frozen=True)
class _Pair:
    prompt: DraftPrompt
    chosen: str
    source: ResponseSource
    spans: tuple[SourceSpan, ...]
    rejected: str
    reason: RejectedReason
    """`OUT_OF_VOICE` also stands for a draft without another fault, until the voices have been scored."""
    chosen_voice: float | None = None
    rejected_voice: float | None = None

    @property
    def lengths(self) -> tuple[int, int]:
        return word_count(self.chosen), word_count(self.rejected)


def run(inputs: PreferenceInputs, *, config: PreferenceConfig) -> PreferenceSet:
    """Pair each prompt's chosen answer with the worst of its drafts."""
    drafts: dict[str, list[PolicyDraft]] = defaultdict(list)
    for one in inputs.drafts:
        drafts[one.prompt_id].append(one)
    judge = Judge(inputs.material, inputs.encode, config.min_closeness, config.min_held)
    lost: list[DroppedRow] = []
    found: list[_Pair] = []
    for prompt in sorted(inputs.prompts, key=lambda one: one.prompt_id):
        pair = _paired(prompt, drafts[prompt.prompt_id], judge, config)
        if isinstance(pair, DroppedRow):
            lost.append(pair)
        else:
            found.append(pair)
    judged, unfit = _judged(found, inputs.voice, config)
    added = _worded(inputs, judged, config)
    worded = {one.prompt.prompt_id for one in added}
    stayed = [one for one in judged if one.prompt.prompt_id not in worded]
    told, repeated = _without_repeats([*stayed, *added])
    kept, uneven = balanced(told, lambda one: one.lengths, _direction_of_refusal)
    gave_way = [_lost(one, "gave_way_to_a_worded_refusal") for one in judged if one.prompt.prompt_id in worded]
    lost += [*unfit, *gave_way, *(_lost(one, "repeats_another_chosen") for one in repeated)]
    lost += [_lost(one, "uneven_lengths") for one in uneven]
    held_out = held_out_families([one.prompt.family for one in kept], config.held_out_share, config.seed)
    rows = {row.preference_id: row for row in (_preference(one, one.prompt.family in held_out) for one in kept)}
    return PreferenceSet(
        preferences=tuple(rows[name] for name in sorted(rows)),
        dropped=tuple(lost),
        worded=sum(one in added for one in kept),
    )


def _paired(
    prompt: DraftPrompt, drafts: Sequence[PolicyDraft], judge: Judge, config: PreferenceConfig
) -> _Pair | DroppedRow:
    """The prompt's answer, or the best of its drafts, against the first that has a fault or only copies."""
    every, material = judge.judged(drafts, prompt), judge.material
    if not every:
        return dropped(STAGE, "no_draft" if not drafts else "empty_draft", prompt.prompt_id, prompt.response)
    good = [one for one in every if one.fault is None]
    answer = share_copied(prompt.response, passages_of(prompt, material))
    best = [one for one in good if _may_be_chosen(one, prompt, answer, config)]
    best.sort(key=lambda one: (one.copied, one.text))
    wrong = [one for one in every if one.fault is not None]
    if config.copied_share:
        wrong += _copies(good, min([answer, *(one.copied for one in best)]))
    if not wrong:
        if prompt.expected == "refuse":
            return dropped(STAGE, "draft_is_good", prompt.prompt_id, good[0].text)
        return _fitted(_with_answer(prompt, good[0].text, RejectedReason.OUT_OF_VOICE), 0, material, config)
    copies_first = _lot(f"{config.seed}:copies:{prompt.prompt_id}") < config.copied_share
    wrong.sort(key=lambda one: (one.fault is RejectedReason.COPIED) is not copies_first)
    pairs = ((rejected, chosen) for rejected in wrong for chosen in best if of_like_length(chosen.text, rejected.text))
    rejected, chosen = next(pairs, (wrong[0], None))
    assert rejected.fault is not None, "what is wrong has a fault"
    pair = _with_answer(prompt, rejected.text, rejected.fault)
    if chosen is not None:
        pair = replace(pair, chosen=chosen.text, source=ResponseSource.DRAFT)
    return _fitted(pair, rejected.at, material, config)


def _with_answer(prompt: DraftPrompt, rejected: str, reason: RejectedReason) -> _Pair:
    return _Pair(prompt, prompt.response, prompt.response_source, prompt.spans, rejected, reason)


def _may_be_chosen(one: JudgedDraft, prompt: DraftPrompt, answer: float, config: PreferenceConfig) -> bool:
    """Whether a draft without fault beats the persona's words: it is its own, well supported and no more a copy."""
    if prompt.task is not TaskKind.ANSWER or not one.is_own:
        return False
    return one.support >= config.min_chosen_support and one.copied <= answer


def _copies(good: Sequence[JudgedDraft], chosen: float) -> list[JudgedDraft]:
    """Drafts that hold but are copies; of what they would lose to the share `chosen` is copied, clearly less."""
    return [replace(one, fault=RejectedReason.COPIED) for one in good if one.copied >= max(MOSTLY, chosen + CLEARLY)]


def _fitted(pair: _Pair, at: int, material: Material, config: PreferenceConfig) -> _Pair | DroppedRow:
    """The pair with its longer side cut at a sentence's end, if it must be and can be."""
    chosen, rejected = pair.lengths
    if chosen > config.length_slack * rejected and pair.source is ResponseSource.OWN:
        cut = fit_own(material, pair.spans, int(config.length_slack * rejected), pair.prompt.phrases)
        if cut is None:
            return _lost(pair, "brief_was_cut_away")
        pair = replace(pair, chosen=cut[0], spans=cut[1])
    elif rejected > config.length_slack * chosen:
        pair = replace(pair, rejected=fit(pair.rejected, keep=at, longest=int(config.length_slack * chosen)))
    if not of_like_length(pair.chosen, pair.rejected):
        return _lost(pair, "one_side_much_longer")
    if pair.chosen.split() == pair.rejected.split():
        return _lost(pair, "draft_is_the_answer")
    refuses = pair.reason in {RejectedReason.WRONGLY_REFUSED}
    if refuses is not is_refusal(pair.rejected) and pair.reason is not RejectedReason.UNSUPPORTED:
        return _lost(pair, "fault_was_cut_away")
    return pair


def _judged(
    pairs: Sequence[_Pair], voice: VoiceScorer | None, config: PreferenceConfig
) -> tuple[list[_Pair], list[DroppedRow]]:
    """The pairs with both voices; a draft whose only fault could be its voice stays if that is clearly another."""
    scored = list(pairs)
    if voice is not None and pairs:
        logits = voice([text for one in pairs for text in (one.chosen, one.rejected)])
        scored = [
            replace(one, chosen_voice=logits[2 * at], rejected_voice=logits[2 * at + 1]) for at, one in enumerate(pairs)
        ]
    kept, lost = [], []
    for one in scored:
        if objection := _voice_objection(one, config):
            lost.append(_lost(one, objection))
        elif one.reason is RejectedReason.OUT_OF_VOICE and _voice_gap(one) < 0:
            kept.append(replace(one, reason=RejectedReason.CARICATURE))
        else:
            kept.append(one)
    return kept, lost


def _voice_objection(one: _Pair, config: PreferenceConfig) -> str:
    if one.reason is RejectedReason.OUT_OF_VOICE:
        if one.chosen_voice is None or one.rejected_voice is None:
            return "voice_not_scored"
        return "draft_is_good" if abs(_voice_gap(one)) < config.min_voice_gap else ""
    # A refusal is in nobody's voice, and what is unsupported is worse than what is dull.
    return ""


def _voice_gap(one: _Pair) -> float:
    """How much more of the voice the chosen side has."""
    return (one.chosen_voice or 0.0) - (one.rejected_voice or 0.0)


def _worded(inputs: PreferenceInputs, pairs: Sequence[_Pair], config: PreferenceConfig) -> list[_Pair]:
    """Pairs whose rejected side is worded: enough of both directions of refusal where drafts gave fewer.

    Prompts whose drafts gave no pair come first, then those whose fault is the commonest; their own pair gives way.
    """
    unsupported = {one.prompt.prompt_id for one in pairs if one.reason is RejectedReason.UNSUPPORTED}
    taken = {one.prompt.prompt_id for one in pairs} - unsupported
    share = config.worded_refusal_share
    wanted = max(1, round(share * (len(pairs) or len(inputs.prompts)))) if share else 0
    free = sorted(
        (one for one in inputs.prompts if one.prompt_id not in taken and one.task is not TaskKind.WRITE),
        key=lambda one: (one.prompt_id in unsupported, digest_text(f"{config.seed}:worded:{one.prompt_id}")),
    )
    added: list[_Pair] = []
    for reason, expected in ((RejectedReason.WRONGLY_REFUSED, "answer"), (RejectedReason.WRONGLY_ANSWERED, "refuse")):
        room = wanted - sum(one.reason is reason for one in pairs)
        for prompt in (one for one in free if one.expected == expected):
            if room <= 0:
                break
            text = prompt.refusal if expected == "answer" else prompt.answer
            fitted = _fitted(_with_answer(prompt, text, reason), 0, inputs.material, config)
            if isinstance(fitted, _Pair):
                added.append(fitted)
                room -= 1
    return added


def _without_repeats(pairs: Sequence[_Pair]) -> tuple[list[_Pair], list[_Pair]]:
    """The pairs whose chosen side is new, and the others: neighbouring prompts may have drawn the same draft."""
    seen = Responses()
    kept: list[_Pair] = []
    lost: list[_Pair] = []
    for one in pairs:
        repeats = seen.are_repeated_by(one.prompt.task, one.chosen)
        (lost if repeats else kept).append(one)
        if not repeats:
            seen.add(one.prompt.task, one.chosen)
    return kept, lost


def _preference(one: _Pair, held_out: bool) -> Preference:
    name = short(digest_value([one.prompt.prompt_id, one.chosen, one.rejected]))
    return Preference(
        preference_id=name,
        task=one.prompt.task,
        prompt=one.prompt.prompt,
        chosen=one.chosen,
        chosen_source=one.source,
        rejected=one.rejected,
        reason=one.reason,
        spans=one.spans,
        context=one.prompt.context,
        chosen_voice=one.chosen_voice,
        rejected_voice=one.rejected_voice,
        held_out=held_out,
    )


def _direction_of_refusal(one: _Pair) -> RejectedReason | None:
    """Both directions are wanted; None of a pair about something else."""
    return one.reason if one.reason in {RejectedReason.WRONGLY_REFUSED, RejectedReason.WRONGLY_ANSWERED} else None


def _lot(name: str) -> float:
    """A number from 0 to 1 drawn by a name."""
    return int(digest_text(name)[:8], 16) / 16**8


def _lost(one: _Pair, reason: str) -> DroppedRow:
    return dropped(STAGE, reason, one.prompt.prompt_id, one.rejected)
