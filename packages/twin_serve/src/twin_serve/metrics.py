"""Prometheus metrics of the business microservice, for each twin: the LLM microservice cannot tell twins apart."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from twin_serve.ledger.records import RequestEnd

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)


class Metrics:
    """Counters in a registry of their own, so that two services in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "twin_requests", "Requests by what became of them", ["persona", "status", "outcome"], registry=self.registry
        )
        self._tokens = Counter("twin_tokens", "Tokens of the model", ["persona", "direction"], registry=self.registry)
        self._seconds = Histogram(
            "twin_seconds", "Seconds by stage", ["persona", "stage"], buckets=_SECONDS, registry=self.registry
        )

    def observe(self, persona: str, end: RequestEnd) -> None:
        """Count one finished request."""
        self._requests.labels(persona, end.status, end.outcome.value if end.outcome else "none").inc()
        self._tokens.labels(persona, "prompt").inc(end.cost.prompt_tokens)
        self._tokens.labels(persona, "completion").inc(end.cost.completion_tokens)
        for stage, seconds in {**end.seconds_by_stage, "total": end.cost.seconds}.items():
            self._seconds.labels(persona, stage).observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
