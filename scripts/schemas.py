"""Write the JSON Schema of each file that users write into docs/schemas: `python scripts/schemas.py [--check]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from flows.recipes import Recipe
from twin_data.configuration.persona import PersonaConfig
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.contracts.exam import GeneratedQuestion, QuestionCandidate
from twin_data.contracts.labels import LabelRow

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schemas"
MODELS: dict[str, type[BaseModel]] = {
    "persona": PersonaConfig,
    "rubric": Rubric,
    "recipe": Recipe,
    "question": HeldOutQuestion,
    "label": LabelRow,
    "generated_question": GeneratedQuestion,
    "question_candidate": QuestionCandidate,
}


def main() -> None:
    """Write the schemas, or with `--check` fail if one is out of date."""
    stale = []
    for name, model in MODELS.items():
        path = FOLDER / f"{name}.schema.json"
        text = json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
        if "--check" not in sys.argv:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        elif not path.is_file() or path.read_text("utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}; run python scripts/schemas.py")


if __name__ == "__main__":
    main()
