from __future__ import annotations

import pickle
import traceback

from twin_data.contracts import errors
from twin_data.contracts.errors import ContextLengthError, IntegrityError, StoreError, TwinError


def test_every_error_can_be_caught_as_one_and_names_a_next_step() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert len(classes) > 10
    for one in classes:
        error = one("a is wrong", next_step="mend a")
        assert isinstance(error, TwinError)
        assert (str(error), error.message, error.next_step) == ("a is wrong", "a is wrong", "mend a")


def test_a_traceback_shows_the_next_step_once_also_after_a_trip_to_another_process() -> None:
    """Nobody but the log hears of a flow that a schedule ran."""
    error = StoreError("a is wrong", next_step="mend a")
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert one.next_step == "mend a"
        assert "".join(traceback.format_exception(one)).count("next: mend a") == 1
    assert "next" not in "".join(traceback.format_exception(StoreError("a is wrong")))


def test_the_hierarchy() -> None:
    assert issubclass(IntegrityError, StoreError)
    assert issubclass(ContextLengthError, errors.LLMError)
