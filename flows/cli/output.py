"""What every command prints: text for people, or one JSON object with `--json`; and how errors end."""

from __future__ import annotations

import errno
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
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
_control_c = threading.Event()


def emit(value: BaseModel | dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print `value` as JSON, or `text` for people."""
    if as_json:
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        sys.stdout.write(json.dumps(plain, ensure_ascii=False, default=str, indent=2) + "\n")
    else:
        console.print(text, markup=False)


def is_attended() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty()


@contextmanager
def working_on(what: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show on standard error what is being done; yields a function that changes the wording."""
    if quiet or not progress_console.is_terminal:

        def say(message: str) -> None:
            _heed_control_c()
            if not quiet:
                progress_console.print(f"· {message}", markup=False, soft_wrap=True)

        say(what)
        yield say
        return
    with progress_console.status(what) as status:

        def show(message: str) -> None:
            _heed_control_c()
            status.update(message)

        yield show


def reports_errors(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Turn errors the product can explain into two lines and exit code 1; Ctrl-C into exit code 130."""

    @wraps(command)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            with _remembering_control_c():
                command(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) or _control_c.is_set():  # libraries trip over one in odd places
                progress_console.print(INTERRUPTED, markup=False, soft_wrap=True)
                raise typer.Exit(EXIT_INTERRUPTED) from error
            if (explained := _explained(error)) is None:
                raise
            report_error(explained, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(EXIT_FAILURE) from error

    return guarded


@contextmanager
def _remembering_control_c() -> Iterator[None]:
    """Remember that Ctrl-C was pressed, for the next report of progress.

    Python drops a KeyboardInterrupt that lands in a callback of its garbage collector, where Prefect spends much of
    its time, and raises it in the main thread only, whatever thread does the work.
    """
    _control_c.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def remember(number: int, frame: FrameType | None) -> None:
        _control_c.set()
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _heed_control_c() -> None:
    if _control_c.is_set():
        raise KeyboardInterrupt


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
