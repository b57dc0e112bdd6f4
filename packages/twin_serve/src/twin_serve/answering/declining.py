"""Refusals that say why."""

from __future__ import annotations

from twin_data.contracts.releases import ReleaseBundle


def no_evidence(bundle: ReleaseBundle) -> str:
    """Nothing in the archive answers the question."""
    return (
        "I have not written about that, as far as I can find, so I would rather not answer. "
        f"I only speak from what {bundle.display_name} has put on paper."
    )


def nothing_held(bundle: ReleaseBundle) -> str:
    """Passages were found, but no sentence of the draft held, and none of the passages can be quoted in its place."""
    return (
        "I have written near that, but nothing I could say about it holds against my own pages, so I would rather "
        f"not answer. I only speak from what {bundle.display_name} has put on paper."
    )


def no_words(bundle: ReleaseBundle) -> str:
    """The model gave no answer."""
    return "I have no answer to that."


def private(bundle: ReleaseBundle) -> str:
    """The question is about someone's private matters."""
    return (
        "That is a private matter — contact details, credentials, money, health — and I do not give those out, "
        "mine or anyone else's."
    )


def unsafe(bundle: ReleaseBundle) -> str:
    """The question wants help with harm."""
    return "I will not help with that: it could hurt somebody."
