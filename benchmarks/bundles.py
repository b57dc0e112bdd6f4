"""A persona's evaluated bundles side by side: scores with intervals, training, and some answers of each.

    python -m benchmarks.bundles PERSONA [--answers 10]

Needs no server: reads the newest evaluation of every bundle that `twin evaluate` or `twin refresh` has judged.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from twin_data.configuration.home import TwinHome
from twin_data.contracts.evaluation import EvaluationReport, Score
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle
from twin_eval.records import AnswerRecord
from twin_eval.report import read_report

METRICS = (
    "whole_answer", "own_answer", "own_sentences", "facts_found", "claims_supported", "claims_contradicted",
    "citation_precision", "citation_recall", "cites_place", "quotes_verbatim", "ndcg_at_10", "evidence_at_5",
    "evidence_at_20", "over_refusal", "under_refusal", "voice", "voice.answers", "voice.drafts", "voice_over_100",
    "copied_8grams", "pet_phrase_overuse", "seconds_p50", "seconds_p95", "prompt_tokens", "completion_tokens", "cost",
    "error_rate",
)  # fmt: skip


def main() -> None:
    """Print both tables and the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("persona")
    parser.add_argument("--answers", type=int, default=10)
    arguments = parser.parse_args()
    home = TwinHome.from_environment()
    judged = [
        (bundle, folder, found)
        for bundle in open_registry(home).bundles(arguments.persona)
        if (folder := _newest(home.evaluations / arguments.persona / bundle.bundle_id))
        and (found := read_report(folder))
    ]
    _print_scores([(bundle, found) for bundle, _, found in judged])
    _print_training([bundle for bundle, _, _ in judged])
    for bundle, folder, _ in judged:
        _print_answers(bundle, folder, arguments.answers)


def _newest(folder: Path) -> Path | None:
    found = max(folder.glob("*/report.json"), key=lambda path: path.stat().st_mtime, default=None)
    return found.parent if found else None


def _print_scores(judged: list[tuple[RegisteredBundle, EvaluationReport]]) -> None:
    print("| | " + " | ".join(f"{one.manifest.rung.value} `{one.bundle_id}`" for one, _ in judged) + " |")
    print("|---" * (len(judged) + 1) + "|")
    for name in METRICS:
        print(f"| {name} | " + " | ".join(_shown(report.score(name)) for _, report in judged) + " |")
    print()


def _shown(score: Score | None) -> str:
    if score is None:
        return "unscored"
    digits = 0 if abs(score.value) >= 20 else 1 if abs(score.value) >= 2 else 2
    shown = [f"{number:.{digits}f}" for number in (score.value, score.low, score.high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}] n={score.n}"


def _print_training(bundles: list[RegisteredBundle]) -> None:
    print(
        "| bundle | stage | steps | tokens | tokens/s | minutes | forecast, minutes | loss | held-out loss | effect |"
    )
    print("|---" * 10 + "|")
    for bundle in bundles:
        for one in bundle.manifest.lineage.training:
            cells = (
                f"`{bundle.bundle_id}`",
                one.stage.value,
                str(one.steps),
                f"{one.tokens:,}",
                f"{one.tokens_per_second:.0f}",
                f"{one.seconds / 60:.1f}",
                f"{one.forecast.seconds / 60:.1f}",
                f"{one.first_loss:.2f} → {one.final_loss:.2f}",
                "" if one.eval_loss is None else f"{one.eval_loss:.2f}",
                one.preference_effect,
            )
            print(f"| {' | '.join(cells)} |")
    print()


def _print_answers(bundle: RegisteredBundle, folder: Path, count: int) -> None:
    """Answers spread evenly over the question set, with each shipped sentence's outcome."""
    scored = [json.loads(line) for line in (folder / "scored.jsonl").read_text("utf-8").splitlines()]
    spaced = [scored[at * len(scored) // count] for at in range(min(count, len(scored)))]
    print(f"### {bundle.manifest.rung.value} `{bundle.bundle_id}`\n")
    for row in spaced:
        record = AnswerRecord.model_validate(row["record"])
        if record.answer is None:
            continue
        said = "; ".join(
            f"{one.text} *({one.outcome.value})*"
            for one in record.answer.twin.sentences
            if one.outcome.value != "dropped"
        )
        print(
            f"- **{row['question']['question']}** — {record.answer.twin.outcome.value}: {said or record.answer.content}"
        )
    print()


if __name__ == "__main__":
    main()
