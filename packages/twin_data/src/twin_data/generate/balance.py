"""Which candidates become rows: shares of tasks, an even spread over documents, and no wording worn out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DroppedRow, ResponseSource, TaskKind
from twin_data.contracts.digests import digest_text
from twin_data.generate.asking import Asked
from twin_data.generate.candidates import Candidate, dropped
from twin_data.generate.repeats import Responses, plain

SENTENCE_QUESTION_BONUS = 3
"""A wording made of the sentence itself is taken so many times as often as one made of a phrase."""


class BalanceConfig(Contract):
    """Caps and shares."""

    max_rows: int = Field(default=1200, ge=10)
    max_tokens: int | None = Field(default=None, ge=1000)
    """Cap on the estimated tokens (a quarter of the characters) of all rows; None for none."""
    write_share: float = Field(default=0.45, ge=0, le=1)
    """Share of texts to be written, at most."""
    decline_share: float = Field(default=0.06, ge=0, le=1)
    """Share of refusals, at most."""
    own_answer_share: float = Field(default=0.2, ge=0, le=1)
    """Share of the answers, at most, that are the persona's words to the letter."""
    max_template_share: float = Field(default=0.1, gt=0, le=1)
    """Share of the rows, at most, that one wording may make."""
    max_family_share: float = Field(default=0.1, gt=0, le=1)
    """Share of the rows, at most, that one family may give."""

    @model_validator(mode="after")
    def _leaves_answers(self) -> BalanceConfig:
        if self.write_share + self.decline_share > 1:
            raise ValueError(f"write_share {self.write_share} and decline_share {self.decline_share} exceed the whole")
        return self


@dataclass(frozen=True)
class Chosen:
    """A candidate with the one wording that was taken."""

    candidate: Candidate
    asked: Asked

    @property
    def key(self) -> str:
        """Names the row in the making."""
        return f"{self.candidate.task}:{self.candidate.unit}"


def choose(
    candidates: Sequence[Candidate], *, config: BalanceConfig, seed: int, beside: Sequence[Chosen] = ()
) -> tuple[list[Chosen], list[DroppedRow]]:
    """Choose rows, families in turn, each with its least used wording; the order of the result is a shuffle.

    Args:
        candidates: Several responses of one unit may be among them; one at most is taken for each task.
        config: Caps and shares.
        seed: Orders what is otherwise equal.
        beside: Rows that were chosen before, none of whose responses or wordings is to be repeated.
    """
    taking = _Taking(config, seed, beside)
    pools = {task: _in_turn([one for one in candidates if one.task is task], seed) for task in TaskKind}
    answers, own = pools[TaskKind.ANSWER], config.own_answer_share
    answer_share = 1 - config.write_share - config.decline_share
    room = _rooms(answers, pools[TaskKind.WRITE], pools[TaskKind.DECLINE], config)
    taking.rows_expected = min(config.max_rows, room / answer_share) if answer_share else config.max_rows
    adapted = taking.take(_of(answers, own=False), room if own == 0 else math.ceil(room * (1 - own)))
    copied = taking.take(_of(answers, own=True), int(adapted * own / (1 - own)) if own < 1 else room)
    total = min(config.max_rows, (adapted + copied) / answer_share if answer_share else config.max_rows)
    taking.rows_expected = total
    taking.take(pools[TaskKind.WRITE], int(config.write_share * total))
    taking.take(pools[TaskKind.DECLINE], int(config.decline_share * total))
    return sorted(taking.chosen, key=lambda one: digest_text(f"{seed}:order:{one.key}")), taking.lost


def _of(pool: Sequence[Candidate], *, own: bool) -> list[Candidate]:
    return [one for one in pool if (one.response_source is ResponseSource.OWN) is own]


def _rooms(
    answers: Sequence[Candidate], write: Sequence[Candidate], decline: Sequence[Candidate], config: BalanceConfig
) -> int:
    """How many answers there is room for: what the other tasks leave free is theirs."""
    others = min(_units(write), int(config.write_share * config.max_rows))
    others += min(_units(decline), int(config.decline_share * config.max_rows))
    return min(_units(answers), config.max_rows - others)


def _units(pool: Sequence[Candidate]) -> int:
    return len({one.unit for one in pool})


def _in_turn(pool: Sequence[Candidate], seed: int) -> list[Candidate]:
    """Families take turns; within a family the order is a shuffle, the variants of one unit together."""
    families: dict[str, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for one in pool:
        families[one.family][one.unit].append(one)
    queues = [
        [units[unit] for unit in sorted(units, key=lambda name: digest_text(f"{seed}:{name}"))]
        for _, units in sorted(families.items(), key=lambda item: digest_text(f"{seed}:{item[0]}"))
    ]
    longest = max(map(len, queues), default=0)
    return [
        one
        for turn in range(longest)
        for queue in queues
        if turn < len(queue)
        for one in _by_preference(queue[turn], seed)
    ]


def _by_preference(variants: list[Candidate], seed: int) -> list[Candidate]:
    """By rank, then in a shuffle: several rules may fit one sentence."""
    return sorted(variants, key=lambda one: (one.rank, digest_text(f"{seed}:{one.unit}:{one.response}")))


class _Taking:
    """The rows taken so far and what they have used up."""

    def __init__(self, config: BalanceConfig, seed: int, beside: Sequence[Chosen]) -> None:
        self.chosen: list[Chosen] = []
        self.lost: list[DroppedRow] = []
        self.rows_expected = float(config.max_rows)
        self._config = config
        self._seed = seed
        self._templates: Counter[str] = Counter()
        self._families: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._responses = Responses()
        self._units: set[tuple[TaskKind, str]] = set()
        for one in beside:
            self._say(one)

    def take(self, pool: Sequence[Candidate], room: int) -> int:
        """Take up to `room` candidates of one task, the first that fit; returns how many were taken."""
        taken = 0
        reasons: dict[str, tuple[str, Candidate]] = {}
        for one in pool:
            key = (one.task, one.unit)
            if key in self._units:
                continue
            if reason := "no_room" if taken >= room else self._try(one):
                reasons[one.unit] = reason, one
                continue
            self._units.add(key)
            taken += 1
            reasons.pop(one.unit, None)
        self.lost += [dropped("balance", why, unit, one.response) for unit, (why, one) in reasons.items()]
        return taken

    def _try(self, one: Candidate) -> str:
        """Take the candidate with its least used wording; the reason if it cannot be taken."""
        if self._families[one.family] >= max(3, int(self._config.max_family_share * self.rows_expected)):
            return "family_has_its_share"
        if self._responses.are_repeated_by(one.task, one.response):
            return "duplicate_response"
        free = [
            asked
            for asked in one.asked
            if plain(asked.text) not in self._asked
            and self._templates[asked.template] < max(2, int(self._config.max_template_share * self.rows_expected))
        ]
        if not free:
            return "no_wording_left"
        asked = min(free, key=lambda each: self._worn(each, one.unit))
        self._templates[asked.template] += 1
        self._families[one.family] += 1
        self.chosen.append(Chosen(one, asked))
        self._say(self.chosen[-1])
        return ""

    def _say(self, one: Chosen) -> None:
        self._asked.add(plain(one.asked.text))
        self._responses.add(one.candidate.task, one.candidate.response)

    def _worn(self, asked: Asked, unit: str) -> tuple[float, str]:
        used = self._templates[asked.template] / (SENTENCE_QUESTION_BONUS if asked.from_sentence else 1)
        return used, digest_text(f"{self._seed}:{unit}:{asked.text}")
