"""What an evaluation takes beyond the bare requests, over a stub of the service with a realistic model time.

    python -m benchmarks.harness [--questions 160] [--concurrency 8] [--seconds 0.3] [--rounds 5]

Needs nothing but the repository. The stub is a process of its own: it answers the shipped sample's questions, numbered
through until there are enough, after so many seconds, with twenty passages, citations and sentence checks, some 25 kB
as the service sends them. A round sends the very bodies with a bare client, has Inspect alone ask the questions, and
evaluates: each answer kept on disk, cited documents fetched, everything scored (voice and copying too) and all
intervals drawn; then the gate and the report's files. The order rotates; ratios are of one round, medians of all.

Wall time tells something only on a machine with nothing else to do. Processor seconds of the asking process, which
are printed beside it, hold on a busy one: the model's time is slept through, so that they are what a contestant adds.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.harness_inspect import ask_with_inspect
from benchmarks.harness_stub import BUNDLE, PERSONA, SAMPLE, Stub, corpus, sample_questions
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.scoring.voice import VoiceConfig, VoiceProfile, VoiceText
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.sources.contrast import read_contrast
from twin_eval import gate
from twin_eval.client import chat_body
from twin_eval.references import References
from twin_eval.report import write_report
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate, run_folder

BARE, INSPECT, OURS, REPORTED = (
    "bare client", "Inspect alone", "evaluation, scored", "evaluation with gate, page and Inspect log",
)  # fmt: skip
SMALL_VOICE = VoiceConfig(lengths=(60, 120), max_segments=40, max_grams=1000)
"""Fitting is the feature pipeline's work and is not timed; scoring takes the same with any profile of this form."""


@dataclass(frozen=True)
class Took:
    """Seconds of the wall clock and of this process's processor time."""

    wall: float
    processor: float


class Clock:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._wall, self._processor = time.monotonic(), time.process_time()

    def took(self) -> Took:
        """Since it was made."""
        return Took(time.monotonic() - self._wall, time.process_time() - self._processor)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=160)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=0.3, help="what an answer takes the stub")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    questions = sample_questions(arguments.questions)
    voice = _voice()
    with Stub(arguments.seconds) as stub:
        asyncio.run(_ask_bare(stub.address, questions, arguments.questions))  # the stub makes its answers once
        found = [
            _round(stub.address, questions, voice, arguments.concurrency, number) for number in range(arguments.rounds)
        ]
    ideal = arguments.questions * arguments.seconds / arguments.concurrency
    print(
        f"{arguments.questions} questions, {arguments.concurrency} at a time, {arguments.seconds} s each: "
        f"{ideal:.2f} s were everything else free\n"
    )
    print("| | seconds, median | ratio to the bare client, median [least, most] | processor seconds | a question, ms |")
    print("|---|---|---|---|---|")
    for name in (BARE, INSPECT, OURS, REPORTED):
        ratios = [one[name].wall / one[BARE].wall for one in found]
        wall = statistics.median(one[name].wall for one in found)
        processor = statistics.median(one[name].processor for one in found)
        print(
            f"| {name} | {wall:.2f} | {statistics.median(ratios):.3f} [{min(ratios):.3f}, {max(ratios):.3f}] "
            f"| {processor:.2f} | {1000 * processor / arguments.questions:.1f} |"
        )


def _round(
    address: str, questions: Sequence[HeldOutQuestion], voice: VoiceProfile, concurrency: int, number: int
) -> dict[str, Took]:
    """What each contestant took; another one begins each time."""

    def bare() -> Iterator[tuple[str, Took]]:
        clock = Clock()
        asyncio.run(_ask_bare(address, questions, concurrency))
        yield BARE, clock.took()

    def inspect() -> Iterator[tuple[str, Took]]:
        clock = Clock()
        ask_with_inspect(address, questions, concurrency)
        yield INSPECT, clock.took()

    def ours() -> Iterator[tuple[str, Took]]:
        with tempfile.TemporaryDirectory() as folder:
            yield from _evaluate(address, questions, voice, concurrency, TwinHome(Path(folder)))

    contestants = [bare, inspect, ours]
    turn = number % len(contestants)
    return {name: seconds for one in contestants[turn:] + contestants[:turn] for name, seconds in one()}


async def _ask_bare(address: str, questions: Sequence[HeldOutQuestion], concurrency: int) -> None:
    waiting = iter(questions)
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:

        async def ask_each() -> None:
            for one in waiting:
                body = chat_body(PERSONA, BUNDLE, one.question, TwinOptions())
                response = await client.post("/v1/chat/completions", json=body)
                response.raise_for_status()
                response.json()

        await asyncio.gather(*(ask_each() for _ in range(concurrency)))


def _evaluate(
    address: str, questions: Sequence[HeldOutQuestion], voice: VoiceProfile, concurrency: int, home: TwinHome
) -> Iterator[tuple[str, Took]]:
    clock = Clock()
    inputs = EvaluationInputs(
        persona=PERSONA,
        bundle=BUNDLE,
        questions=questions,
        base_url=address,
        api_key="benchmark",
        home=home,
        references=References(voice=voice, corpus=corpus().values()),
    )
    run = asyncio.run(evaluate(inputs, config=EvaluationConfig(concurrency=concurrency)))
    yield OURS, clock.took()
    rubric = gate.persona_rubric(SAMPLE / "rubric.yaml")
    write_report(run, run_folder(inputs), decision=gate.decide(run, None, rubric), rubric=rubric)
    yield REPORTED, clock.took()


def _voice() -> VoiceProfile:
    own = [VoiceText(name, text) for name, text in corpus().items()]
    return fit_voice(own, read_contrast(SAMPLE.parent / "contrast"), config=SMALL_VOICE)


if __name__ == "__main__":
    main()
