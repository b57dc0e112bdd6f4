"""Where a bundle came from, with what certificates and training say."""

from __future__ import annotations

from twin_data.contracts.releases import Rung
from twin_eval.page.lineage import lineage_part

from . import specimen


def test_datasets_show_their_certificates_and_say_which_is_missing() -> None:
    instructions, preferences = lineage_part(specimen.origin()).datasets
    assert instructions.title == "instructions: 1,840 rows, 184 held out, table v3" and instructions.passed
    assert ("span_traceability", 1, "= 1", True) in [(c.name, c.value, c.wanted, c.passed) for c in instructions.checks]
    assert "Qwen2.5-0.5B worded 811 of 900 questions" in instructions.note
    assert preferences.checks == () and "not at hand" in preferences.note


def test_training_its_figures_and_its_effect_are_told() -> None:
    part = lineage_part(specimen.origin())
    sft, dpo = part.training
    assert (sft.stage, sft.steps, sft.tokens, sft.seed, sft.loss) == ("sft", "240", "812,000", 42, "2.910 → 2.134")
    assert (dpo.memory, dpo.pace, dpo.device) == ("6.2", "115", "2 × cpu, bfloat16, ZeRO-2")
    (effect,) = part.effects
    assert effect.startswith("no effect: 54%") and "accuracy 0.540 [0.400, 0.670], n = 50" in effect
    assert ("tables", "chunks v4, documents v4, style_tallies v2") in part.rows
    assert ("trained on", "bundle 7bd7a5b3c6f1") in part.rows


def test_a_bundle_that_was_not_trained_says_so() -> None:
    part = lineage_part(specimen.origin(Rung.BASE))
    assert part.datasets == part.training == part.effects == ()
    assert ("training", "none: nothing was trained for this bundle") in part.rows
