"""What a bundle was made of, for its report and its model card."""

from __future__ import annotations

from dataclasses import replace

from twin_data.configuration.home import TwinHome
from twin_data.contracts.digests import short
from twin_data.generate.export import CERTIFICATE_FILE
from twin_data.registry.model_card import card_facts, model_card, read_certificate
from twin_data.registry.port import RegisteredBundle
from twin_eval.model_card import Origin


def origin_of(home: TwinHome, bundle: RegisteredBundle) -> Origin:
    """What a bundle was made of, and its card. Certificates that it does not carry are looked for in the home."""
    manifest = bundle.manifest
    held = card_facts(bundle.folder, manifest)
    elsewhere = (
        read_certificate(home.datasets / one.persona / f"{one.kind}-{short(one.digest)}" / CERTIFICATE_FILE)
        for one in manifest.lineage.datasets
        if held.certificate(one) is None
    )
    certificates = (*held.certificates, *(one for one in elsewhere if one))
    return Origin(manifest, certificates, model_card(manifest, replace(held, certificates=certificates)))
