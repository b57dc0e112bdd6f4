"""One request on its way: its row in the ledger is opened before any work and closed whatever becomes of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from twin_data.contracts.answers import Cost, Question, VerifiedAnswer
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.errors import ContextLengthError, RegistryError, TwinError
from twin_data.contracts.releases import MachinePrice
from twin_serve.answering.cost import cost_of, most_of
from twin_serve.answering.progress import Progress, shown_turns
from twin_serve.answering.signals import signals_of
from twin_serve.api.dependencies import Service
from twin_serve.api.errors import InvalidRequestError, status_and_code
from twin_serve.api.schemas import ChatRequest, twin_extras
from twin_serve.ledger.errors import PersonaNotAllowedError
from twin_serve.ledger.keys import LOCAL_KEY
from twin_serve.ledger.ledger import CLIENT_GONE
from twin_serve.ledger.records import Exchange, FinalStatus, KeyRecord, RequestEnd, RequestStart
from twin_serve.llm.client import READ_TIMEOUT_S
from twin_serve.twins import Twin

ENDPOINT = "/v1/chat/completions"
WORDS_PER_TOKEN = 0.75
CHARACTERS_PER_TOKEN = 12
"""More than any tokenizer makes of text that people write."""
NO_WORK = MachinePrice(per_hour=0.0)
"""The price of a request that is refused before the model is asked: nothing, whatever the machine costs."""
TURNED_AWAY = RequestEnd(status="failed", cost=Cost(amount=0.0))
"""What metrics see of a request on which no work was done."""
UNKNOWN = "unknown"
"""Stands for the persona, in ledger and metrics, where the request did not name one."""


log = logging.getLogger(__name__)


@dataclass
class Call:
    """A request whose row stands in the ledger."""

    service: Service
    body: ChatRequest
    twin: Twin
    question: Question
    trace_id: str
    started: float
    created: int
    progress: Progress = field(default_factory=Progress)
    _closing: asyncio.Task[None] | None = None

    @property
    def seconds_by_stage(self) -> dict[str, float]:
        """Where the time has gone so far."""
        return {
            "retrieval": round(self.progress.retrieval_seconds, 4),
            "llm": round(self.progress.llm_seconds, 4),
            "verification": round(self.progress.verify_seconds, 4),
        }

    def extras(self, answer: VerifiedAnswer) -> dict[str, Any]:
        """The `twin` object of the response."""
        return twin_extras(
            answer,
            self.seconds_by_stage,
            answerability=self.progress.answerability,
            thresholds={"answerability": self.twin.manifest.verification.min_answerability},
        )

    async def pieces(self) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """The answer's pieces; the row is closed before the last of them, or when they end in another way.

        Raises:
            TwinError: What failed, in words for the caller.
        """
        answering = self.service.answerer.answer(self.twin, self.question, self.trace_id, self.progress)
        try:
            async with aclosing(answering) as pieces:
                async for piece in pieces:
                    if isinstance(piece, VerifiedAnswer):
                        await self._close("ok", answer=piece)
                    yield piece
        except Exception as error:
            explained = explain(error, self.trace_id)
            await self._close("failed", error=explained)
            raise explained from error
        except (asyncio.CancelledError, GeneratorExit):
            await self._close("aborted")
            raise

    async def abandon(self) -> None:
        """Close the row as aborted if nothing has closed it yet; returns once it is written."""
        if self._closing is None:
            await self._close("aborted")
        else:
            await asyncio.wait({self._closing})

    async def _close(
        self, status: FinalStatus, *, answer: VerifiedAnswer | None = None, error: TwinError | None = None
    ) -> None:
        """Close the row; the first word stands. A cancelled caller does not take the writing along."""
        if self._closing is None:
            end = self._end(status, answer, error)
            self.service.metrics.observe(self.twin.manifest.persona, end)
            self._closing = self.service.spawn(self._write(end, answer))
        await asyncio.shield(self._closing)

    async def _write(self, end: RequestEnd, answer: VerifiedAnswer | None) -> None:
        ledger = self.service.ledger
        writes: list[Coroutine[Any, Any, object]] = [ledger.finish(self.trace_id, end)]
        if answer is not None:
            writes.append(ledger.record_interaction(self.trace_id, self._exchange(answer)))
        await asyncio.gather(*writes)  # both are handed over at once: one wait for the database's thread, not two

    def _exchange(self, answer: VerifiedAnswer) -> Exchange:
        return Exchange(
            question=self.question.text,
            answer=answer.content,
            mode=answer.mode,
            decline_reason=answer.decline_reason,
            signals=signals_of(answer, self.progress.answerability),
        )

    def _end(self, status: FinalStatus, answer: VerifiedAnswer | None, error: TwinError | None) -> RequestEnd:
        http_status, code = (200, None) if error is None else status_and_code(error)
        if status == "aborted":
            http_status, code = CLIENT_GONE.http_status or http_status, CLIENT_GONE.error_code
        return RequestEnd(
            status=status,
            http_status=http_status,
            cost=answer.cost if answer else self._cost_so_far(),
            seconds_by_stage=self.seconds_by_stage,
            outcome=answer.outcome if answer else None,
            error_code=code,
            bundle=self.twin.manifest.bundle_id,
        )

    def _cost_so_far(self) -> Cost:
        progress, seconds = self.progress, time.monotonic() - self.started
        return cost_of(self.twin.manifest, progress.usage, progress.llm_seconds, seconds)


async def begin(service: Service, body: ChatRequest, key: KeyRecord, feature: str | None) -> Call:
    """Resolve the twin and open the ledger row; a request that gets no further has its row, too.

    Raises:
        TwinError: The request cannot be served, or a limit of its key does not allow it.
    """
    started, created = time.monotonic(), int(time.time())
    feature, refused = (None, feature) if feature == EVALUATION_FEATURE and key.name != LOCAL_KEY else (feature, None)
    start = RequestStart(
        endpoint=ENDPOINT, persona=body.persona or UNKNOWN, key=key, user=body.user, feature=feature, price=NO_WORK
    )
    try:
        if refused:
            raise InvalidRequestError(
                f"the feature {refused!r} is for this machine's own key", next_step="name it otherwise, or leave it out"
            )
        question, twin = await _prepare(service, body, key)
    except Exception as error:
        await record_failure(service, start, explained := explain(error, "of this caller"))
        raise explained from error
    changes = {"bundle": twin.manifest.bundle_id, "price": twin.manifest.price, "max_llm_seconds": READ_TIMEOUT_S}
    changes["most"] = most_of(twin.manifest, twin.generation)
    try:
        trace = await service.ledger.begin(start.model_copy(update=changes))
    except TwinError:
        service.metrics.observe(start.persona, TURNED_AWAY)
        raise
    return Call(service, body, twin, question, trace.trace_id, started, created)


async def record_failure(service: Service, start: RequestStart, error: TwinError) -> None:
    """The row of a request that failed before any work.

    Raises:
        RefusedError: The key has made its requests of this minute anyway; that has a row of its own.
    """
    # A name that nobody has registered must not become a label: anyone could make millions of them.
    unregistered = isinstance(error, (RegistryError, InvalidRequestError, PersonaNotAllowedError))
    service.metrics.observe(UNKNOWN if unregistered else start.persona, TURNED_AWAY)
    status, code = status_and_code(error)
    await service.ledger.fail(start, http_status=status, error_code=code)


def explain(error: Exception, trace_id: str) -> TwinError:
    """The error in words for the caller; what is not foreseen goes to the log, not to the caller."""
    if isinstance(error, TwinError):
        return error
    log.error("request %s failed", trace_id, exc_info=error)
    return TwinError(f"request {trace_id} failed inside the service", next_step="see logs/business.log in $TWIN_HOME")


async def _prepare(service: Service, body: ChatRequest, key: KeyRecord) -> tuple[Question, Twin]:
    if not key.allows(body.persona):  # before anything tells whether there is such a persona
        raise PersonaNotAllowedError(
            f"key {key.name!r} does not open {body.persona!r}",
            next_step=f"twin keys create NAME --persona {body.persona}",
        )
    question = body.question()
    twin = _adjusted(await service.twins.resolve(body.model), body)
    _check_length(question, twin)
    return question, twin


def _adjusted(twin: Twin, body: ChatRequest) -> Twin:
    """The twin with the mode's temperature and length, or the caller's in their place."""
    bundled = twin.manifest.generation
    changes: dict[str, Any] = {}
    if body.twin.mode == "write":
        changes = {"max_tokens": bundled.write_max_tokens, "temperature": bundled.write_temperature}
    if body.temperature is not None:
        changes |= {"temperature": body.temperature, "redrafts": 0}  # who sets it wants no bolder drafts
    if limit := body.max_completion_tokens or body.max_tokens:
        changes |= {"max_tokens": limit, "redrafts": 0}  # it bounds all that is generated
    return replace(twin, generation=twin.generation.model_copy(update=changes)) if changes else twin


def _check_length(question: Question, twin: Twin) -> None:
    """Refuse what can never fit, with the turns that the prompt would show, before anything is looked up for it."""
    tokens = twin.manifest.max_model_len
    history = shown_turns(question, twin)
    texts = [question.text, *(turn.content for turn in history)]
    longest, most = int(tokens * WORDS_PER_TOKEN), tokens * CHARACTERS_PER_TOKEN
    words, characters = sum(len(text.split()) for text in texts), sum(map(len, texts))
    if words > longest or characters > most:
        what = f"the question and the {len(history)} turns before it have" if history else "the question has"
        raise ContextLengthError(
            f"{what} {words} words and {characters} characters; this twin's model reads at most about {longest} words "
            f"or {most} characters in all",
            next_step="shorten the question" + (" or send fewer turns" if history else ""),
        )
