"""A persona's two voice profiles: one that filters what is trained on, and one for the gate that never saw that."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import polars as pl

from flows.personas import SAMPLE, SHIPPED
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_data.contracts.digests import digest_folder, digest_text, digest_value, short
from twin_data.contracts.documents import Split
from twin_data.contracts.errors import IntegrityError
from twin_data.registry.durable import exclusive, write_file
from twin_data.scoring.voice import PROFILE_FILE, VoiceConfig, VoiceProfile, VoiceText
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.sources.contrast import read_contrast
from twin_data.store.stages import code_digest
from twin_data.store.tables import FeatureStore, digest_frame
from twin_data.transform.pipeline import DOCUMENTS
from twin_data.transform.quality import own_text

CONTRAST = "contrast"
"""Folder of other authors' texts, a persona's own and the shipped one."""
_SHOWN_AUTHORS = 12


class VoiceUse(StrEnum):
    """What a profile is for; each is fitted on families of its own."""

    FILTERING = "filtering"
    GATE = "gate"


def voice_of(
    home: TwinHome, persona: str, use: VoiceUse, config: VoiceConfig, documents: pl.DataFrame | None = None
) -> VoiceProfile:
    """The profile for one use, fitted when first asked for.

    Args:
        home: Whose features, and where profiles are kept.
        persona: A persona of it.
        use: What for.
        config: How a voice is learned.
        documents: Whose hand; the persona's newest documents if None.

    Raises:
        CorpusError: There are too few own words to measure a voice, or it cannot be told from other authors'.
        SourceError: There are no contrast texts.
    """
    kept = FeatureStore.of(home.features, persona).read(DOCUMENTS) if documents is None else documents
    training = kept.filter(pl.col("split") == Split.TRAIN.value)
    own = training.select("family").with_columns(own_text(training))
    contrast = contrast_folder(home, persona)
    made_of = digest_value([digest_frame(own), digest_folder(contrast), config, code_digest()])
    return _profile(home.voices / persona / f"{use.value}-{short(made_of)}", use, own, contrast, config)


def contrast_folder(home: TwinHome, persona: str) -> Path:
    """The persona's own contrast authors, if it brings some, else the shipped ones."""
    own = home.persona_folder(persona) / CONTRAST
    return own if own.is_dir() else SHIPPED / CONTRAST


def contrast_note(home: TwinHome, persona: str, authors: Sequence[str]) -> str:
    """Whose texts a voice is told from, and what that is worth: the shipped ones are of the sample's genre.

    Args:
        home: Where a persona's own contrast authors would lie.
        persona: Whose voice.
        authors: Those that the profile was learned against.
    """
    shown = ", ".join(authors[:_SHOWN_AUTHORS])
    more = f" and {len(authors) - _SHOWN_AUTHORS} more" if len(authors) > _SHOWN_AUTHORS else ""
    told = f"measured against {shown}{more}"
    if persona == SAMPLE or contrast_folder(home, persona) != SHIPPED / CONTRAST:
        return told
    return (
        f"{told}, the shipped contrast authors, who are not of the persona's own genre: by them any other author of "
        "that genre may reach the voice target, so its figures are flattered; put three or more authors of the "
        f"genre into personas/{persona}/{CONTRAST}/, one folder each"
    )


def _profile(folder: Path, use: VoiceUse, own: pl.DataFrame, contrast: Path, config: VoiceConfig) -> VoiceProfile:
    """What is kept in a folder, learned first if nothing whole is there; one process at a time learns it."""
    waiting = f"voice: waiting for another process that learns it, for {use.value}"
    with exclusive(folder.parent / f".{folder.name}.lock", lambda: report(waiting)):
        if (kept := _kept(folder)) is not None:
            return kept
        report(f"voice: learning what the persona's hand looks like, for {use.value}")
        texts = [VoiceText(family, text) for family, text in own.iter_rows() if _use_of(family) is use]
        profile = fit_voice(texts, read_contrast(contrast), config=config)
        write_file(folder / PROFILE_FILE, profile.to_json().encode())
    report(f"voice: unseen texts are told from unseen authors' with AUC {profile.auc:.3f} ({use.value})")
    return profile


def _kept(folder: Path) -> VoiceProfile | None:
    if not (folder / PROFILE_FILE).is_file():
        return None
    try:
        return VoiceProfile.load(folder)
    except IntegrityError as error:
        report(f"{error.message}; it is learned anew")
        return None


def _use_of(family: str) -> VoiceUse:
    """Half of the families each, by name alone, so that a new document moves none."""
    return VoiceUse.GATE if int(digest_text(f"voice\n{family}")[:8], 16) % 2 else VoiceUse.FILTERING
