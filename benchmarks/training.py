"""Tokens a second of SFT in each way of launching it, the same sequences in the same run.

    python -m benchmarks.training [--model FOLDER] [--steps 4] [--sequence-length 512] [--rounds 1]

Needs a prepared base model (`twin features PERSONA` prepares the recipe's). The first step of each run is left out of
the speed; a round takes all ways in turn, and the next one in reverse order.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from twin_data.configuration.home import cache_folder
from twin_data.contracts.training import TrainingStage
from twin_data.registry.durable import write_file
from twin_train import curves
from twin_train.configuration import LaunchSettings, LoraSettings, SftSettings, TrainingConfig
from twin_train.failures import training_error
from twin_train.job import TrainingJob, WorkerOutcome, WorkFolder
from twin_train.launch import launch
from twin_train.model_shape import read_shape
from twin_train.training_code import training_code

SEED = 7
WAYS = {
    "1 process, 2 threads, float32": LaunchSettings(processes=1, zero_stage=0, threads_per_process=2, dtype="float32"),
    "1 process, 2 threads, bfloat16": LaunchSettings(
        processes=1, zero_stage=0, threads_per_process=2, dtype="bfloat16"
    ),
    "2 processes, ZeRO-2, float32": LaunchSettings(processes=2, zero_stage=2, threads_per_process=1, dtype="float32"),
    "2 processes, ZeRO-2, bfloat16": LaunchSettings(processes=2, zero_stage=2, threads_per_process=1, dtype="bfloat16"),
    "2 processes, ZeRO-3, float32": LaunchSettings(processes=2, zero_stage=3, threads_per_process=1, dtype="float32"),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = cache_folder() / "models" / "base-smollm2-135m-instruct"
    parser.add_argument("--model", type=Path, default=default)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--sequence-length", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), help=f"of {', '.join(WAYS)}")
    arguments = parser.parse_args()
    outcomes: dict[str, list[tuple[float, WorkerOutcome, float]]] = {way: [] for way in arguments.ways}
    for number in range(arguments.rounds):
        for way in arguments.ways[:: -1 if number % 2 else 1]:
            outcomes[way].append(_measure(way, arguments))
    print("| launched as | tok/s (median) | start, s | memory, GiB | last loss |")
    print("|---|---|---|---|---|")
    for way, runs in outcomes.items():
        speed = statistics.median(rate for rate, _, _ in runs)
        _, outcome, loss = runs[-1]
        print(
            f"| {way} | {speed:.0f} | {outcome.startup_seconds:.0f} | "
            f"{outcome.peak_memory_mb / 1024:.1f} | {loss:.4f} |",
            flush=True,
        )


def _measure(way: str, arguments: argparse.Namespace) -> tuple[float, WorkerOutcome, float]:
    config = TrainingConfig(
        lora=LoraSettings(), sft=SftSettings(save_steps=10_000, sequences_per_step=2), launch=WAYS[way]
    )
    with tempfile.TemporaryDirectory() as folder:
        job = TrainingJob(
            stage=TrainingStage.SFT,
            base_model=arguments.model,
            base_name="benchmark",
            start=None,
            steps=arguments.steps,
            work=Path(folder),
            has_held_out=False,
            config=config,
            digest="benchmark",
            code=training_code(),
        )
        files = WorkFolder(job.work)
        write_file(files.train, _rows(arguments, config).encode())
        ended = launch(job, cache_folder(), lambda line: print(f"  {way}: {line}", flush=True), lambda _: None)
        if ended.exit_code != 0:
            shutil.copyfile(files.log, "training-benchmark.log")
            raise training_error(job, ended)
        lines = curves.read(files.curve)
        first, last = lines[0], lines[-1]
        rate = (last.tokens - first.tokens) / (last.point.seconds - first.point.seconds)
        outcome = WorkerOutcome.model_validate_json(files.outcome.read_text("utf-8"))
        return rate, outcome, last.point.loss


def _rows(arguments: argparse.Namespace, config: TrainingConfig) -> str:
    """Sequences of random tokens, two rows in each: what they say does not matter to the speed."""
    draw, length = random.Random(SEED), arguments.sequence_length
    vocabulary = read_shape(arguments.model).vocabulary
    rows = []
    for _ in range(arguments.steps * config.sft.sequences_per_step):
        tokens = [draw.randrange(vocabulary) for _ in range(length)]
        half = length // 2
        rows.append({"input_ids": tokens, "labels": tokens, "seq_lengths": [half, length - half]})
    return "".join(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    main()
