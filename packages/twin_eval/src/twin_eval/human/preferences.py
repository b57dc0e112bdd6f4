"""Blind choices: read with the page's key, and counted for every two bundles that people have compared."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.evaluation import Score
from twin_data.contracts.labels import BlindChoice, BlindKey, Choice, Preference, Preferred
from twin_eval.human.shares import share
from twin_eval.human.store import Label
from twin_eval.statistics import IntervalConfig
from twin_eval.storage import write_atomically

COMPARISONS = "comparisons"
KEYS = "keys"


class Preferences(Contract):
    """What people prefer of two bundles."""

    first: str
    second: str
    preferred: Score | None
    """Share of the decided choices that fell on the first; None if none was decided."""
    neither: int
    both_bad: int
    labellers: int
    first_rung: str = ""
    second_rung: str = ""

    def seen_from(self, bundle: str) -> Preferences:
        """The same with this bundle as the first, if it is one of the two."""
        if bundle != self.second or bundle == self.first:
            return self
        score = self.preferred
        turned = score and score.model_copy(
            update={"value": 1 - score.value, "low": 1 - score.high, "high": 1 - score.low}
        )
        return self.model_copy(
            update={
                "first": self.second,
                "second": self.first,
                "preferred": turned,
                "first_rung": self.second_rung,
                "second_rung": self.first_rung,
            }
        )


def keys_folder(persona_folder: Path) -> Path:
    """Where the keys of a persona's blind pages lie."""
    return persona_folder / COMPARISONS / KEYS


def write_key(persona_folder: Path, key: BlindKey) -> Path:
    """Keep the key of a page; without it the page's rows say nothing.

    Raises:
        StoreError: It cannot be written.
    """
    path = keys_folder(persona_folder) / f"{key.page}.json"
    write_atomically(path, key.model_dump_json(indent=2) + "\n")
    return path


def read_keys(persona_folder: Path) -> dict[str, BlindKey]:
    """The keys of all blind pages by the pages' names.

    Raises:
        IntegrityError: One is damaged.
    """
    found = {}
    for path in sorted(keys_folder(persona_folder).glob("*.json")):
        try:
            key = BlindKey.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise IntegrityError(
                f"{path} is not the key of a blind page", next_step="restore it from a backup"
            ) from error
        found[key.page] = key
    return found


def unblinded(row: BlindChoice, key: BlindKey) -> Preference:
    """Whose answer was preferred; the pair is one of the key's."""
    pair = key.pairs[row.pair]
    return Preference(
        labeller=row.labeller,
        labelled_at=row.labelled_at,
        note=row.note,
        page=row.page,
        pair=row.pair,
        question=pair.question,
        cluster=pair.cluster,
        first=key.first,
        second=key.second,
        first_answer=pair.first_answer,
        second_answer=pair.second_answer,
        preferred=_preferred(row.choice, pair.is_first_left),
        first_rung=key.first_rung,
        second_rung=key.second_rung,
    )


def preferences(labels: Iterable[Label], config: IntervalConfig) -> tuple[Preferences, ...]:
    """One result for every two bundles that somebody compared, in the order of their names."""
    of_pair: dict[tuple[str, str], list[Preference]] = {}
    for one in labels:
        if isinstance(one, Preference):
            of_pair.setdefault((min(one.first, one.second), max(one.first, one.second)), []).append(one)
    return tuple(_counted(*bundles, rows, config) for bundles, rows in sorted(of_pair.items()))


def _counted(first: str, second: str, rows: list[Preference], config: IntervalConfig) -> Preferences:
    decided = [one for one in rows if one.preferred in {Preferred.FIRST, Preferred.SECOND}]
    flags = [(one.preferred is Preferred.FIRST) == (one.first == first) for one in decided]
    score = share("preferred", flags, config=config, clusters=[one.cluster for one in decided])
    ties = [one.preferred for one in rows]
    rungs = {one.first: one.first_rung for one in rows} | {one.second: one.second_rung for one in rows}
    return Preferences(
        first=first,
        second=second,
        preferred=score,
        neither=ties.count(Preferred.NEITHER),
        both_bad=ties.count(Preferred.BOTH_BAD),
        labellers=len({one.labeller for one in rows}),
        first_rung=rungs[first],
        second_rung=rungs[second],
    )


def _preferred(choice: Choice, is_first_left: bool) -> Preferred:
    if choice is Choice.NEITHER:
        return Preferred.NEITHER
    if choice is Choice.BOTH_BAD:
        return Preferred.BOTH_BAD
    return Preferred.FIRST if (choice is Choice.LEFT) == is_first_left else Preferred.SECOND
