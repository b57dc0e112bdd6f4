"""What every command prints: text for people, or one JSON object with `--json`; and how errors end."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any, ParamSpec

import typer
from pydantic import BaseModel
from rich.console import Console

from twin_data.contracts.errors import PlatformError, TwinError

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Parameters = ParamSpec("Parameters")

console = Console(highlight=False, soft_wrap=True)
progress_console = Console(stderr=True, highlight=False)

EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130
INTERRUPTED = "interrupted; what was finished is kept, run the same command to go on"
_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM})
"""Errors of the system that the user can mend."""


def emit(value: BaseModel | dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print `value` as JSON, or `text` for people."""
    if as_json:
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        sys.stdout.write(json.dumps(plain, ensure_ascii=False, default=str, indent=2) + "\n")
    else:
        console.print(text, markup=False)


@contextmanager
def working_on(what: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show on standard error what is being done; yields a function that changes the wording."""
    if quiet or not progress_console.is_terminal:

        def say(message: str) -> None:
            if not quiet:
                progress_console.print(f"· {message}", markup=False, soft_wrap=True)

        say(what)
        yield say
        return
    with progress_console.status(what) as status:
        yield lambda message: status.update(message)


def reports_errors(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Turn errors the product can explain into two lines and exit code 1; Ctrl-C into exit code 130."""

    @wraps(command)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            if _comes_of_control_c(error):
                progress_console.print(INTERRUPTED, markup=False, soft_wrap=True)
                raise typer.Exit(EXIT_INTERRUPTED) from error
            if (explained := _explained(error)) is None:
                raise
            report_error(explained, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(EXIT_FAILURE) from error

    return guarded


def _comes_of_control_c(error: BaseException | None) -> bool:
    """Whether the error is Ctrl-C, or arose while it was handled: Prefect trips over one between two tasks."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _explained(error: BaseException) -> TwinError | None:
    """The error in words for people; None if it is a fault of the program, which keeps its traceback."""
    if isinstance(error, TwinError):
        return error
    return _disk_trouble(error) if isinstance(error, OSError) and error.errno in _DISK_TROUBLE else None


def _disk_trouble(error: OSError) -> TwinError:
    where = f"{error.filename}: " if error.filename else ""
    return PlatformError(
        f"{where}{error.strerror}",
        next_step="free disk space or correct the folder's permissions, then run the same command again",
    )


def report_error(error: TwinError, *, as_json: bool) -> None:
    """Print an error: what went wrong, and the next step."""
    if as_json:
        body = {"error": {"type": type(error).__name__, "message": error.message, "next_step": error.next_step}}
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
        return
    progress_console.print(f"error: {error.message}", markup=False, soft_wrap=True)
    if error.next_step:
        progress_console.print(f"next:  {error.next_step}", markup=False, soft_wrap=True)
