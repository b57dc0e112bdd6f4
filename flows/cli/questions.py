"""`twin questions`: a set generated of the corpus, candidates out of what went wrong in production, and a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.output import EXIT_FAILURE, JsonFlag, emit, reports_errors, working_on
from flows.cli.personas import PersonaArgument
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.exam import FEWEST_ANSWERABLE

if TYPE_CHECKING:
    from flows.question_check import QuestionsCheck
    from twin_data.contracts.exam import QuestionsCertificate
    from twin_eval.exam.candidates import Failures


def register(app: typer.Typer) -> None:
    """Add `questions` to the `twin` command."""
    group = typer.Typer(
        help="Make held-out questions for a persona, beside those that it brings, and check them.",
        no_args_is_help=True,
    )
    group.command("generate", epilog="Example: twin questions generate ada --count 400 --seed 1")(generate)
    group.command("from-failures", epilog="Example: twin questions from-failures ada --since 30")(from_failures)
    group.command("check", epilog="Example: twin questions check ada")(check)
    app.add_typer(group, name="questions")


@reports_errors
def generate(
    persona: PersonaArgument,
    count: Annotated[int, typer.Option(min=4, help="How many questions; a thin corpus gives fewer.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws others where the corpus has more.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Make `questions.generated.jsonl` of the persona's corpus, with a certificate; its own questions stay as they are.

    Test documents come first; questions on training documents are marked open book. An evaluation asks these questions
    beside the persona's own as long as the corpus is the one that they were made of.
    """
    home = TwinHome.from_environment()
    load_persona(home, persona).require_consent()
    with working_on(f"generating questions for {persona}", quiet=as_json):
        from flows.exam_questions import generate_questions  # the table libraries behind it take seconds to import
        from twin_eval.exam.run import ExamConfig

        certificate = generate_questions(home, persona, ExamConfig(count=count, seed=seed))
    emit(certificate, render(certificate, str(home.persona_folder(persona))), as_json=as_json)
    if not certificate.passed:
        raise typer.Exit(EXIT_FAILURE)


@reports_errors
def from_failures(
    persona: PersonaArgument,
    since: Annotated[int | None, typer.Option(min=1, help="Days to look back; all that is kept if left out.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add what users asked without getting a good answer to `questions.candidates.jsonl`, for a person to complete.

    Taken are questions declined although the service held them answerable, or nearly so, and answers of the twin's own
    most of whose draft did not hold; not private or unsafe ones, and none with an identifier in it. Who asked is not
    written down. A candidate is asked in evaluations as soon as `kind`, `expected` and what goes with them are filled
    in.
    """
    home = open_home(TwinHome.from_environment())
    load_persona(home, persona).require_consent()
    with working_on(f"reading what was asked of {persona}", quiet=as_json):
        from flows.exam_questions import collect_failures
        from twin_eval.exam.files import CANDIDATES_FILE

        found = collect_failures(home, persona, since)
    rows = {"candidates": [one.model_dump(mode="json") for one in found.candidates], "passed_over": found.passed_over}
    emit(rows, render_failures(found, str(home.persona_folder(persona) / CANDIDATES_FILE)), as_json=as_json)


@reports_errors
def check(persona: PersonaArgument, as_json: JsonFlag = False) -> None:
    """See whether the questions that people wrote can be scored, before hours of answers are asked for.

    Read are `questions.jsonl` and completed candidates: the form of each line, essential facts that the question's own
    answer does not state, and quotes that no document of the archive holds. Exit code 1 if anything is to be mended.
    """
    home = TwinHome.from_environment()
    load_persona(home, persona)
    with working_on(f"checking the questions of {persona}", quiet=as_json):
        from flows.question_check import check_questions  # the table libraries behind it take seconds to import

        found = check_questions(home, persona)
    emit({**found.model_dump(mode="json"), "passed": found.passed}, render_check(found), as_json=as_json)
    if not found.passed:
        raise typer.Exit(EXIT_FAILURE)


def render(certificate: QuestionsCertificate, folder: str) -> str:
    """The certificate for people: what there is, and why there is not more."""
    counts = {(one.stage, one.reason): one.rows for one in certificate.counts}

    def listed(stage: str) -> str:
        return ", ".join(f"{rows} {reason.replace('_', ' ')}" for (at, reason), rows in counts.items() if at == stage)

    lines = [
        f"{certificate.persona}: {certificate.questions} questions in {folder}/questions.generated.jsonl",
        f"  by kind: {listed('kind')}",
        f"  by document: {listed('book')}",
        f"  by source: {listed('source')}",
    ]
    if certificate.questions < certificate.wanted:
        lines += [
            f"warning: the corpus gives {certificate.questions} of the {certificate.wanted} questions that were wanted",
            f"  not taken: {listed('rejected')}",
        ]
    if certificate.answerable < FEWEST_ANSWERABLE:
        lines.append(
            f"warning: {certificate.answerable} of them are to be answered, and a verdict takes {FEWEST_ANSWERABLE}: "
            "an evaluation asks them beside a questions.jsonl, and the self-check while there is none"
        )
    failed = [f"  {one.name} is {one.value:g}, wanted {one.wanted}" for one in certificate.checks if not one.passed]
    if failed:
        return "\n".join([*lines, "certificate: not passed; no evaluation asks these questions", *failed])
    return "\n".join(
        [*lines, "certificate: passed", f"next: read a few of them, then twin evaluate {certificate.persona}"]
    )


def render_failures(found: Failures, path: str) -> str:
    """The candidates for people."""
    passed = ", ".join(f"{rows} {reason.replace('_', ' ')}" for reason, rows in sorted(found.passed_over.items()))
    lines = [f"{one.asked_on}  {one.question}  ({one.why})" for one in found.candidates]
    lines.append(f"{len(found.candidates)} new candidates" + (f"; passed over: {passed}" if passed else ""))
    if found.candidates:
        lines.append(f"next: fill in kind, expected, facts and evidence in {path}")
    return "\n".join(lines)


def render_check(found: QuestionsCheck) -> str:
    """What is to be mended, for people."""
    if not found.files:
        return f"{found.persona} brings no questions: an evaluation asks the self-check; write a questions.jsonl"
    lines = [f"{one.file}: {problem}" for one in found.files for problem in one.problems]
    counts = ", ".join(f"{one.questions} in {one.file}" for one in found.files)
    lines.append(f"{found.persona}: {counts}; {len(lines)} problems")
    if not found.evidence_checked:
        lines.append(f"quotes were not looked up, as there are no features yet; next: twin features {found.persona}")
    elif not found.passed:
        lines.append("next: mend these lines; until then no score that rests on their evidence counts them")
    return "\n".join(lines)
