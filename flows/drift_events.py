"""The event that starts a refresh, said once a drifted window, and the trigger that hears it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import httpx
from prefect.client.orchestration import get_client
from prefect.events import DeploymentEventTrigger, Event, Resource
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
    """Send the event of the newest drifted window, unless that was done.

    What was said is written down after the server has taken it: killed in between, it is said again, under the same id.
    Without a server nothing is said and nothing written down, so that the next pass beside a server says it.

    Args:
        reports: Every judged window, oldest first.
        persona: Whose.
        folder: Where the name of the last announced window is kept.

    Returns:
        Whether an event was sent.
    """
    drifted = [one for one in reports if one.verdict is DriftVerdict.DRIFTED]
    said = folder / f".{persona}.announced"
    if not drifted or (said.is_file() and said.read_text("utf-8") == drifted[-1].window):
        return False
    if not os.environ.get("PREFECT_API_URL"):
        report("no Prefect server: no refresh is started by itself; `twin up` starts one")
        return False
    try:
        send(drift_event(drifted[-1], persona))
    except httpx.HTTPError as error:
        report(f"Prefect's server did not take the event of a drift, which the next pass says again: {error}")
        return False
    atomic.write_text(said, drifted[-1].window)
    return True


def drift_event(drifted: DriftReport, persona: str) -> Event:
    """What is said of a drifted window; said again it is the same event."""
    return Event(
        event=DRIFT_DETECTED,
        resource=Resource(
            {
                "prefect.resource.id": persona_resource(persona),
                "prefect.resource.name": persona,
                "twin.window": drifted.window,
                "twin.moved": ",".join(drifted.moved),
            }
        ),
        payload={"summary": drifted.summary, "report": drifted.model_dump(mode="json")},
        id=uuid5(NAMESPACE_URL, f"{DRIFT_DETECTED}/{persona}/{drifted.window}"),
    )


def send(event: Event) -> None:
    """Hand an event to the server, and return when it has it: Prefect's own `emit_event` only puts it into a queue.

    Raises:
        HTTPError: The server does not answer, or refuses it.
    """
    with get_client(sync_client=True) as client:
        client.request("POST", "/events", json=[event.model_dump(mode="json")]).raise_for_status()
