"""Receipts: signed with a key of the home's own (Ed25519, RFC 8032), and read back only if nothing was changed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from flows.forgetting.wording import Hasher
from twin_data.configuration.home import TwinHome
from twin_data.contracts.digests import canonical_json
from twin_data.contracts.errors import ConfigurationError, IntegrityError
from twin_data.contracts.forgetting import ForgetReceipt, SignedReceipt
from twin_data.registry.durable import write_file

KEY_FILE = "receipts.key"
KEY_BYTES = 32
OWNER_ONLY = 0o600


def new_receipt_id() -> str:
    """Twelve hexadecimal digits."""
    return secrets.token_hex(6)


def hasher_of(home: TwinHome, receipt: str) -> Hasher:
    """Hashes wording under a key that the home's own and the receipt decide."""
    return Hasher(hmac.digest(_key(home), f"wording {receipt}".encode(), hashlib.sha256))


def sign(home: TwinHome, content: ForgetReceipt) -> SignedReceipt:
    """Sign a receipt with the home's key."""
    key = Ed25519PrivateKey.from_private_bytes(_key(home))
    return SignedReceipt(
        content=content,
        public_key=key.public_key().public_bytes_raw().hex(),
        signature=key.sign(_signed(content)).hex(),
    )


def receipt_path(home: TwinHome, persona: str, receipt: str) -> Path:
    """Where a receipt is kept."""
    return home.forgotten / persona / f"{receipt}.json"


def write_receipt(home: TwinHome, signed: SignedReceipt) -> Path:
    """Keep a receipt; returns its path."""
    path = receipt_path(home, signed.content.persona, signed.content.receipt)
    write_file(path, (signed.model_dump_json(indent=1) + "\n").encode())
    return path


def read_receipt(path: Path) -> SignedReceipt:
    """A receipt whose signature holds.

    Raises:
        IntegrityError: It is none, or was changed since it was signed.
    """
    try:
        signed = SignedReceipt.model_validate_json(path.read_bytes())
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
        public.verify(bytes.fromhex(signed.signature), _signed(signed.content))
    except (OSError, ValidationError, ValueError) as error:
        raise IntegrityError(
            f"{path} is no receipt: {error}", next_step="name a file that `twin forget` has written"
        ) from error
    except InvalidSignature as error:
        raise IntegrityError(
            f"{path} was changed after it was signed", next_step="use the copy under forgotten/ in the home"
        ) from error
    return signed


def check_own(home: TwinHome, signed: SignedReceipt) -> None:
    """Raise if a receipt was signed by another home, whose key this one has not.

    Raises:
        ConfigurationError: It was.
    """
    mine = Ed25519PrivateKey.from_private_bytes(_key(home)).public_key().public_bytes_raw().hex()
    if mine != signed.public_key:
        raise ConfigurationError(
            f"receipt {signed.content.receipt} was signed by another home: its hashes say nothing here",
            next_step="set TWIN_HOME to the home that forgot it",
        )


def named_receipt(home: TwinHome, name: str) -> Path:
    """A receipt by its path or its id.

    Raises:
        ConfigurationError: There is none.
    """
    known = receipts_of(home)
    found = next((path for path in known if path.stem == name), Path(name))
    if not found.is_file():
        ids = ", ".join(path.stem for path in known) or "none"
        raise ConfigurationError(f"there is no receipt {name!r}", next_step=f"name a file, or one of: {ids}")
    return found


def receipts_of(home: TwinHome) -> tuple[Path, ...]:
    """Every receipt of a home, the oldest first."""
    found = (path for path in home.forgotten.glob("*/*.json") if path.name != "journal.json")
    return tuple(sorted(found, key=lambda path: (path.stat().st_mtime_ns, path)))


def _signed(content: ForgetReceipt) -> bytes:
    return canonical_json(content).encode()


def _key(home: TwinHome) -> bytes:
    """The home's key, made on first use, whole or not at all, readable by its owner only."""
    path = home.secrets / KEY_FILE
    if not path.is_file():
        home.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = home.secrets / f".{KEY_FILE}.{os.getpid()}"
        descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            os.fsync(stream.fileno())
        try:
            os.link(beside, path)  # not over another process's
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return path.read_bytes()
