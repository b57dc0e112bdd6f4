"""The event that starts a refresh, said once a drifted window, and the trigger that hears it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from prefect.events import DeploymentEventTrigger, emit_event
from prefect.events.schemas.events import ResourceSpecification

from flows.platform import atomic
from flows.reporting import report
from twin_data.contracts.monitoring import DriftReport, DriftVerdict

DRIFT_DETECTED = "twin.drift.detected"


def persona_resource(persona: str) -> str:
    """The resource that a persona's events are about."""
    return f"twin.persona.{persona}"


def drift_trigger(persona: str) -> DeploymentEventTrigger:
    """Starts the deployment when monitoring says that the persona's window has drifted."""
    return DeploymentEventTrigger(
        name=f"refresh-twin/{persona} on drift",
        expect={DRIFT_DETECTED},
        match=ResourceSpecification({"prefect.resource.id": persona_resource(persona)}),
        parameters={"reason": "drift: {{ event.payload.summary }}"},
    )


def announce(reports: tuple[DriftReport, ...], persona: str, folder: Path) -> bool:
    """Emit the event of the newest drifted window, unless that was done.

    What was said is written down after it was said: killed in between, it is said again, under the same id. Without a
    server nothing is said and nothing written down, so that the next pass beside a server says it.

    Args:
        reports: Every judged window, oldest first.
        persona: Whose.
        folder: Where the name of the last announced window is kept.

    Returns:
        Whether an event was emitted.
    """
    drifted = [one for one in reports if one.verdict is DriftVerdict.DRIFTED]
    said = folder / f".{persona}.announced"
    if not drifted or (said.is_file() and said.read_text("utf-8") == drifted[-1].window):
        return False
    if not os.environ.get("PREFECT_API_URL"):
        report("no Prefect server: no refresh is started by itself; `twin up` starts one")
        return False
    newest = drifted[-1]
    emit_event(
        event=DRIFT_DETECTED,
        resource={
            "prefect.resource.id": persona_resource(persona),
            "prefect.resource.name": persona,
            "twin.window": newest.window,
            "twin.moved": ",".join(newest.moved),
        },
        payload={"summary": newest.summary, "report": newest.model_dump(mode="json")},
        id=uuid5(NAMESPACE_URL, f"{DRIFT_DETECTED}/{persona}/{newest.window}"),
    )
    atomic.write_text(said, newest.window)
    return True
