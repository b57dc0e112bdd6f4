"""Refusals that say why."""

from __future__ import annotations

from twin_data.contracts.releases import ReleaseBundle


def no_evidence(bundle: ReleaseBundle) -> str:
    """Nothing in the archive answers the question."""
    return (
        "I have not written about that, as far as I can find, so I would rather not answer. "
        f"I only speak from what {bundle.display_name} has put on paper."
    )


def private(bundle: ReleaseBundle) -> str:
    """The question is about someone's private matters."""
    return "That is a private matter — contact details, credentials, money, health — and I do not give those out, mine or anyone else's."


def unsafe(bundle: ReleaseBundle) -> str:
    """The question wants help with harm."""
    return "I will not help with that: it could hurt somebody."
