"""`twin review | ab | labels`: what people say of the answers."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.output import EXIT_FAILURE, JsonFlag, emit, reports_errors
from flows.cli.personas import PersonaArgument
from twin_data.configuration.home import TwinHome

BundleHelp = "Bundle id, as `twin bundles PERSONA` shows it"


def register(app: typer.Typer) -> None:
    """Add the commands on human labels."""
    app.command("review")(review)
    app.command("ab")(compare)
    group = typer.Typer(
        help="Add what people said of the answers, and hold it against the scores.", no_args_is_help=True
    )
    group.command("add", epilog="Example: twin labels add sample ~/Downloads/labels-sample-0123456789ab.jsonl")(add)
    group.command("show", epilog="Example: twin labels show sample")(show)
    app.add_typer(group, name="labels")


@reports_errors
def review(
    persona: PersonaArgument,
    bundle: Annotated[str | None, typer.Option(help=f"{BundleHelp}; the champion if not given.")] = None,
    questions: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions; the same ones for every labeller.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the page on which people label the answers of a bundle's last evaluation.

    One HTML file that needs no server; what the scores said is not on it. Its button saves the labels.

    Example:
      twin review sample --questions 20
    """
    from flows.human_labels import write_review  # takes seconds to import, like all that stands on the evaluation

    written = write_review(TwinHome.from_environment(), persona, bundle, questions)
    values = {"persona": persona, "bundle": written.bundles[0], "page": str(written.path)}
    text = f"open {written.path}\nthen: twin labels add {persona} FILE, with the file that its button saves"
    emit(values, text, as_json=as_json)


@reports_errors
def compare(
    persona: PersonaArgument,
    first: Annotated[
        str | None, typer.Option(help=f"{BundleHelp}; the champion or the newest trained bundle if not given.")
    ] = None,
    second: Annotated[
        str | None, typer.Option(help=f"{BundleHelp}; the few-shot rung, or else bundle 0, if not given.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a blind page: two bundles' answers to the same questions, in an order that only a key in the home tells.

    Example:
      twin ab sample --first 0123456789ab --second ba9876543210
    """
    from flows.human_labels import write_blind

    written = write_blind(TwinHome.from_environment(), persona, first, second, random.SystemRandom())
    assert written.key is not None
    one, other = written.bundles
    values = {
        "persona": persona, "first": one, "second": other, "pairs": len(written.key.pairs), "alike": written.alike,
        "page": str(written.path),
    }  # fmt: skip
    text = (
        f"{one} against {other}: {len(written.key.pairs)} questions ({written.alike} more are answered alike)\n"
        f"open {written.path}\nthen: twin labels add {persona} FILE, with the file that its button saves"
    )
    emit(values, text, as_json=as_json)


@reports_errors
def add(
    persona: PersonaArgument,
    file: Annotated[Path, typer.Argument(help="JSON Lines, as the pages save them or written by hand.")],
    labeller: Annotated[str | None, typer.Option(help="Who labelled, for rows that do not say.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Store labels and blind choices; the same file again changes nothing.

    A labeller's later label of the same text replaces the former one, which stays in the file.
    Rows that cannot be used are named, the others are stored; then the exit code is 1.
    """
    from flows.human_labels import evaluations_of
    from twin_eval.human.adding import add_file

    found = add_file(evaluations_of(TwinHome.from_environment(), persona), file, labeller=labeller)
    counts = found.added
    kept = f", {counts.older} older than what the labeller said since" if counts.older else ""
    lines = [f"{counts.new} new, {counts.superseding} replace a former one, {counts.known} were there already{kept}"]
    if found.problems:
        lines += [f"{len(found.problems)} rows were not taken:", *(f"  {file}: {one}" for one in found.problems)]
        lines.append(
            f"next: correct these rows and run the same command again; without them: twin labels show {persona}"
        )
    else:
        lines.append(f"next: twin labels show {persona}")
    values = {**asdict(counts), "problems": [asdict(one) for one in found.problems]}
    emit(values, "\n".join(lines), as_json=as_json)
    if found.problems:
        raise typer.Exit(EXIT_FAILURE)


@reports_errors
def show(
    persona: PersonaArgument,
    bundle: Annotated[str | None, typer.Option(help=f"{BundleHelp}; all bundles if not given.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show how far people agree with the scores and with each other, and which answers they prefer."""
    from flows.human_labels import findings_of
    from twin_eval.human.findings import findings_text

    found = findings_of(TwinHome.from_environment(), persona, bundle)
    emit(found, findings_text(found), as_json=as_json)
