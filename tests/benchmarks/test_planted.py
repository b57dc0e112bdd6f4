"""A small planted archive: what is found of it, and that nothing is lost without a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.planted import run_stages, sample_texts
from benchmarks.planted_archive import COPY_SHARES, QUOTED_SHARE, Planted, build
from benchmarks.planted_measures import Outcome, Rate, attribution, f1, measure, unreported
from benchmarks.planted_values import attacks


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Planted, Outcome]]:
    own, others, contrast = sample_texts()
    planted = build(tmp_path_factory.mktemp("planted"), own, others)
    yield planted, run_stages(planted, contrast)


@pytest.fixture(scope="module")
def rates(archive: tuple[Planted, Outcome]) -> dict[str, Rate]:
    return {rate.name: rate for rate in measure(*archive)}


def test_nothing_is_lost_without_a_record(archive: tuple[Planted, Outcome]) -> None:
    assert unreported(*archive) == []
    assert all(one.reason for one in archive[1].rejections)


def test_the_archive_is_what_it_says(archive: tuple[Planted, Outcome]) -> None:
    planted, _ = archive
    own = sum(len(one) for path, one in planted.own.items() if path not in planted.foreign)
    quoted = sum(map(len, planted.quoted.values()))
    assert quoted / (own + quoted) == pytest.approx(QUOTED_SHARE, abs=0.05)
    assert (len(planted.secrets), len(planted.identities), len(planted.attacks)) == (50, 50, 10)
    assert {share for _, share in planted.copies.values()} == set(COPY_SHARES)
    assert planted.foreign


@pytest.mark.parametrize(
    "name",
    [
        "attacking archives refused by name",
        "broken files and rows reported",
        "documents in their encodings read",
        "secrets gone from texts and records",
        "identities gone from texts and records",
        "figures and public names kept",
        "documents dropped as copies that are some",
        "training runs of 13 words that the test set has not",
    ],
)
def test_what_must_be_whole(rates: dict[str, Rate], name: str) -> None:
    assert rates[name].total
    assert rates[name].hits == rates[name].total


def test_redactions_are_of_identities(rates: dict[str, Rate]) -> None:
    assert rates["redactions that are of something planted"].value >= 0.97


def test_no_attack_leaves_its_folder(archive: tuple[Planted, Outcome]) -> None:
    planted, _ = archive
    assert set(planted.attacks) == set(attacks())
    assert not [one for one in Path(planted.sources).parent.rglob("escaped*")]


def test_marked_and_unmarked_quotations_are_found(archive: tuple[Planted, Outcome]) -> None:
    told = [one for one in attribution(*archive) if one.form not in {"line of attribution", "unmarked document"}]
    hits = sum(one.by_other and one.taken_for_other for one in told)
    recall = hits / sum(one.by_other for one in told)
    assert f1(recall, hits / sum(one.taken_for_other for one in told)) >= 0.95


def test_the_measure_can_fail(archive: tuple[Planted, Outcome]) -> None:
    """A file that nobody read, and a paragraph that no document has, are reported as lost."""
    planted, outcome = archive
    extra = planted.sources / "blog" / "unread.md"
    extra.write_text("Nobody read this.\n", "utf-8")
    path = next(one for one in planted.own if one.startswith("blog/"))
    planted.own[path].append("A paragraph that was never written anywhere.")
    try:
        lost = unreported(planted, outcome)
    finally:
        extra.unlink()
        planted.own[path].pop()
    assert lost == ["file blog/unread.md", f"{path}: A paragraph that was never written anywhere."]
