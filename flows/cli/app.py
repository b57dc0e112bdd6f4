"""The command tree. Each group of commands is a module that adds itself to the app."""

from __future__ import annotations

import typer

from flows.cli import (
    demo,
    forget,
    keys,
    labels,
    monitoring,
    personas,
    platform,
    questions,
    releases,
    stages,
    talk,
    texts,
    training,
    usage,
    watch,
)

app = typer.Typer(
    name="twin",
    help="Turn a person's archive into a twin that answers in their words, with citations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (
    platform, personas, stages, watch, forget, questions, training, releases, labels, talk, monitoring, keys, usage,
    texts, demo,
):  # fmt: skip
    group.register(app)


def main() -> None:
    """Entry point of the `twin` script."""
    app()
