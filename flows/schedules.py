"""When a persona's deployments start by themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from twin_data.contracts.base import Contract


def _cron(text: str) -> str:
    from prefect.client.schemas.schedules import CronSchedule

    CronSchedule(cron=text)  # raises ValueError with the reason
    return text


Cron = Annotated[str, AfterValidator(_cron)]


class ScheduleSettings(Contract):
    """Times in cron's five fields, in UTC. None: only when somebody or something asks."""

    monitor: Cron | None = "7 * * * *"
    """Every hour."""
    refresh: Cron | None = "17 3 * * *"
    """Every night."""
