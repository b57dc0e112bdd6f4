"""The event that starts a refresh, said once a drifted window, and the trigger that hears it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import httpx
from prefect.client.orchestration import get_client
from prefect.events import DeploymentEventTrigger, Event, Resource
from prefect.events.schemas.events import ResourceSpecification

from flows.reporting import report
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, Mover
from twin_data.registry.durable import write_file

DRIFT_DETECTED = "twin.drift.detected"
SAID_FOR = timedelta(days=1)
"""For so long the same drift is not said again: a refresh changes neither the users nor what it has just made."""


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


def announce(reports: tuple[DriftReport, ...], persona: str, folder: Path, corpus: str) -> bool:
    """Send the event of the newest drifted window, unless that was done.

    That nothing but the writing moved is said once of a champion and a corpus: each window says it again for as long as
    both stay, which after a refresh that keeps the champion is for ever. That users or model moved is said once a
    day: a busy twin fills a window an hour.

    What was said is written down after the server has taken it: killed in between, it is said again, under the same id.
    Without a server nothing is said and nothing written down, so that the next pass beside a server says it.

    Args:
        reports: Every judged window, oldest first.
        persona: Whose.
        folder: Where the name of the last announced window is kept, and of the corpus whose new writing was announced.
        corpus: Names the champion and the corpus of today.

    Returns:
        Whether an event was sent.
    """
    said = folder / f".{persona}.announced"
    last_window, last_corpus = _announced(said)
    last = next((one for one in reports if one.window == last_window), None)
    drifted = [
        one
        for one in _since(reports, last_window)
        if one.verdict is DriftVerdict.DRIFTED and not (one.moved == (Mover.WRITING,) and corpus == last_corpus)
    ]
    unsaid = [one for one in drifted if last is None or not _says_the_same(one, last)]
    if not unsaid:
        if last and drifted and drifted[-1] is reports[-1]:
            report(
                f"a refresh was asked for at {last.created_at:%Y-%m-%d %H:%M} UTC for the same reason; not again yet"
            )
        return False
    newest = unsaid[-1]
    if not os.environ.get("PREFECT_API_URL"):
        report("no Prefect server: no refresh is started by itself; `twin up` starts one")
        return False
    try:
        send(drift_event(newest, persona))
    except httpx.HTTPError as error:
        report(f"Prefect's server did not take the event of a drift, which the next pass says again: {error}")
        return False
    write_file(said, f"{newest.window}\n{corpus if Mover.WRITING in newest.moved else last_corpus}".encode())
    return True


def _announced(said: Path) -> tuple[str, str]:
    """The last announced window, and of which champion and corpus new writing was announced; empty if none was."""
    window, _, corpus = (said.read_text("utf-8") if said.is_file() else "").partition("\n")
    return window, corpus


def _since(reports: tuple[DriftReport, ...], window: str) -> tuple[DriftReport, ...]:
    """The windows judged after that one; all if it is not among them."""
    at = next((at for at, one in enumerate(reports) if one.window == window), -1)
    return reports[at + 1 :]


def _says_the_same(later: DriftReport, said: DriftReport) -> bool:
    return set(later.moved) <= set(said.moved) and later.created_at - said.created_at < SAID_FOR


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
