"""A receipt says what was forgotten without a word of it, and shows when it was changed."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.forgetting.receipts import (
    check_own,
    hasher_of,
    named_receipt,
    read_receipt,
    receipts_of,
    sign,
    write_receipt,
)
from flows.forgetting.wording import MIN_RUN_WORDS, Wording, words_of
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError, IntegrityError
from twin_data.contracts.forgetting import AbsenceProof, ForgetReceipt, ForgottenKind, StoreAbsence

SECRET = "The lamp on the eastern jetty went out and nobody came to light it again."


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path / "home")


def receipt(home: TwinHome, **proof: object) -> ForgetReceipt:
    wording = Wording.of(hasher_of(home, "0123456789ab"), [(words_of(SECRET), MIN_RUN_WORDS)])
    now = datetime.now(UTC)
    return ForgetReceipt(
        receipt="0123456789ab", persona="ada", kind=ForgottenKind.SOURCE, requested_at=now, finished_at=now,
        documents=(), tombstones=1, stores=(), bundles=(), champion_before=None, champion_after=None, left_to_user=(),
        proof=AbsenceProof.model_validate({"at": now, "stores": ()} | proof), probes=wording.to_store(),
    )  # fmt: skip


def test_it_is_read_back_and_finds_the_text_again(home: TwinHome) -> None:
    path = write_receipt(home, sign(home, receipt(home)))
    signed = read_receipt(path)
    check_own(home, signed)
    assert signed.content == receipt(home).model_copy(
        update={name: getattr(signed.content, name) for name in ("requested_at", "finished_at", "proof")}
    )
    assert Wording.stored(hasher_of(home, "0123456789ab"), signed.content.probes).is_in(SECRET)
    assert not any(word in path.read_text("utf-8").lower() for word in ("lamp", "jetty", "eastern"))
    assert receipts_of(home) == (path,) and named_receipt(home, "0123456789ab") == path
    assert stat.S_IMODE((home.secrets / "receipts.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("change", [('"ada"', '"bob"'), ('"tombstones": 1', '"tombstones": 2')])
def test_a_change_shows(home: TwinHome, change: tuple[str, str]) -> None:
    path = write_receipt(home, sign(home, receipt(home)))
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")
    with pytest.raises(IntegrityError, match="changed after it was signed"):
        read_receipt(path)


def test_what_is_none_is_refused(home: TwinHome, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="is no receipt"):
        read_receipt(tmp_path / "missing.json")
    with pytest.raises(ConfigurationError, match="no receipt 'ffff'"):
        named_receipt(home, "ffff")


def test_another_home_s_receipt_says_nothing_here(home: TwinHome, tmp_path: Path) -> None:
    signed = sign(home, receipt(home))
    with pytest.raises(ConfigurationError, match="signed by another home"):
        check_own(TwinHome(tmp_path / "other"), signed)


def test_absence_is_proven_only_where_all_was_read_and_nothing_found(home: TwinHome) -> None:
    clean = StoreAbsence(store="logs", files=1, items=0, bytes=9)
    assert receipt(home, stores=(clean,)).proof.is_absent
    assert not receipt(home, stores=(clean.model_copy(update={"found": ("a.log",)}),)).proof.is_absent
    assert not receipt(home, stores=(clean,), not_searched=("a.zip: broken",)).proof.is_absent
