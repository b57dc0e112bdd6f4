"""Killed runs are seen and go on: rules that Prefect's server keeps, declared here.

A flow run's process says every 30 seconds that it lives. Silence marks the run as crashed, as a worker does that sees
its process die; a crashed run is scheduled again, as the same run with the same parameters, and finds what its stages
have finished. Prefect counts the starts; a run that crashes in its last one fails for good and says why.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

TAG = "llm-twin"
"""Marks the deployments whose runs the rules watch."""
HEARTBEAT_S = 30
"""How often a run says that it lives; Prefect's shortest."""
RUN_ENVIRONMENT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S)}
"""For every run that the rules watch, whoever's worker takes it: Prefect's own rhythm is six times slower."""
SILENCE = timedelta(seconds=4 * HEARTBEAT_S)
"""A busy machine may miss a beat; four in a row mean that nobody is there."""
GRACE = timedelta(seconds=30)
"""A worker reports a death twice, the second time when it has cleaned up; a run scheduled before that crashes again."""
LONGEST_PENDING = timedelta(minutes=15)
"""A worker that takes a run has started its process by then, or died."""
MOST_STARTS = 4
"""The first start and three more."""
STORM = 2 * MOST_STARTS
STORM_WITHIN = timedelta(hours=1)
"""So many crashes in so short a time are of a run that cannot even begin, whose starts do not count."""

_RUN = "prefect.flow-run"
_ALIVE = frozenset({f"{_RUN}.heartbeat", f"{_RUN}.Running"})
"""The server itself says the second one: a run may be killed before its first heartbeat is out."""
_PENDING, _CRASHED = f"{_RUN}.Pending", f"{_RUN}.Crashed"
_ENDED = frozenset(f"{_RUN}.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed"))
_SCHEDULED = frozenset(f"{_RUN}.{state}" for state in ("Scheduled", "AwaitingRetry", "AwaitingConcurrencySlot"))
_OTHER_THAN_RUNNING = _ENDED | _SCHEDULED | {f"{_RUN}.Cancelling", f"{_RUN}.Paused", f"{_RUN}.Suspended"}
_OTHER_THAN_PENDING = _ENDED | _SCHEDULED | {f"{_RUN}.Running", f"{_RUN}.Cancelling"}
_OTHER_THAN_CRASHED = (_ENDED | _SCHEDULED | {_PENDING, f"{_RUN}.Running"}) - {_CRASHED}
_ANY_RUN = ResourceSpecification({"prefect.resource.id": f"{_RUN}.*"})
_OF_OUR_DEPLOYMENTS = [
    ResourceSpecification({"prefect.resource.role": "deployment", "prefect.resource.id": "prefect.deployment.*"}),
    ResourceSpecification({"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"}),
]
"""A run of no deployment belongs to somebody's terminal and cannot be scheduled; a server may have other users."""


def ensure_automations(*, silence: timedelta = SILENCE, grace: timedelta = GRACE) -> tuple[str, ...]:
    """Create the rules on the server named by `PREFECT_API_URL`, or bring them up to date.

    Args:
        silence: How long nothing may be heard of a run.
        grace: How long a crashed run waits for its next start; Prefect's shortest is ten seconds.

    Returns:
        Their names. Doing it again changes nothing; a rule that somebody switched off stays off.
    """
    rules = (
        _silent_runs_have_crashed(silence),
        _unstarted_runs_start_again(),
        _crashed_runs_go_on(grace),
        _last_start(),
        _storm(),
    )
    with get_client(sync_client=True) as client:
        return tuple(_ensure(client, rule) for rule in rules)


def _ensure(client: SyncPrefectClient, rule: AutomationCore) -> str:
    found = client.find_automation(rule.name)
    if found is None:
        client.create_automation(rule)
        return rule.name
    wanted = rule.model_copy(update={"enabled": found.enabled})  # who switched a rule off meant it
    if found.model_dump(exclude={"id"}) != wanted.model_dump():
        client.update_automation(found.id, wanted)
    return rule.name


def _silent_runs_have_crashed(silence: timedelta) -> AutomationCore:
    seconds = f"{silence.total_seconds():.0f} seconds"
    return AutomationCore(
        name="twin: a silent run has crashed",
        description=f"Nothing was heard of the run's process for {seconds}.",
        trigger=_unless(_ALIVE, _OTHER_THAN_RUNNING, within=silence),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"no heartbeat for {seconds}")],
    )


def _unstarted_runs_start_again() -> AutomationCore:
    return AutomationCore(
        name="twin: a run that no worker started is scheduled again",
        description="A worker took the run and died before its process began.",
        trigger=_unless({_PENDING}, _OTHER_THAN_PENDING, within=LONGEST_PENDING),
        actions=[_again("its worker died before it began")],
    )


def _crashed_runs_go_on(grace: timedelta) -> AutomationCore:
    return AutomationCore(
        name="twin: a crashed run goes on",
        description="The same run, with the same parameters; its finished stages are not done again.",
        trigger=_unless({_CRASHED}, _OTHER_THAN_CRASHED, within=grace, match=_run_in_start(*range(1, MOST_STARTS))),
        actions=[_again("its process died")],
    )


def _last_start() -> AutomationCore:
    return AutomationCore(
        name="twin: a run that keeps crashing fails",
        description=f"It crashed in start {MOST_STARTS}.",
        trigger=_crashes(1, within=timedelta(0), match=_run_in_start(MOST_STARTS)),
        actions=[_for_good(f"it was started {MOST_STARTS} times and killed each time")],
    )


def _storm() -> AutomationCore:
    return AutomationCore(
        name="twin: a run that cannot begin fails",
        description=f"It crashed {STORM} times within {STORM_WITHIN}.",
        trigger=_crashes(STORM, within=STORM_WITHIN, match=_ANY_RUN),
        actions=[_for_good(f"it crashed {STORM} times within {STORM_WITHIN}")],
    )


def _unless(
    after: Set[str], expected: Set[str], *, within: timedelta, match: ResourceSpecification = _ANY_RUN
) -> EventTrigger:
    """Fires for a run that had an event of `after` and none of the expected ones within that time.

    Those of `after` are expected, too: that makes Prefect count the time anew from each of them.
    """
    return EventTrigger(
        posture=Posture.Proactive,
        match=match,
        match_related=list(_OF_OUR_DEPLOYMENTS),
        for_each={"prefect.resource.id"},
        after=set(after),
        expect=set(expected | after),
        threshold=1,
        within=within,
    )


def _crashes(count: int, *, within: timedelta, match: ResourceSpecification) -> EventTrigger:
    """Fires for a run that has crashed so many times within that time."""
    return EventTrigger(
        posture=Posture.Reactive,
        match=match,
        match_related=list(_OF_OUR_DEPLOYMENTS),
        for_each={"prefect.resource.id"},
        expect={_CRASHED},
        threshold=count,
        within=within,
    )


def _run_in_start(*starts: int) -> ResourceSpecification:
    counts = [str(start) for start in starts]
    return ResourceSpecification({"prefect.resource.id": f"{_RUN}.*", "prefect.run-count": counts})


def _again(why: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(state=StateType.SCHEDULED, name="AwaitingRetry", message=f"started again: {why}")


def _for_good(why: str) -> ChangeFlowRunState:
    advice = "see its logs and the machine's memory (twin doctor), then retry it here"
    return ChangeFlowRunState(state=StateType.FAILED, message=f"not started again: {why}; {advice}")
