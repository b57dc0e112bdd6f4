"""Fit and test the judge that decides between answering and declining.

    python -m benchmarks.answerability [--fit]

Needs the platform with the sample's features. Fits on the sample persona's questions alone and,
where the test data lies beside the repository and a persona `chesterton` has features, reports how the coefficients
carry over to an author that was never fitted on. `--fit` prints coefficients to put into
`twin_data.scoring.answerability.DEFAULT_MODEL`; without it the shipped ones are tested.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.contracts.releases import RetrievalSettings
from twin_data.scoring.answerability import RERANKED_FEATURES, RERANKED_MODEL, AnswerabilityModel, find_evidence
from twin_eval.questions import load_questions
from twin_serve.answering.intents import asks_for_harm, asks_for_private
from twin_serve.search import ElasticPassageSearch, SearchQuery
from twin_serve.twins import open_encoder

TEST_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "personas" / "chesterton"
REGULARISATION = 30.0

Rows = tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]


async def features_of(persona: str, questions: tuple[HeldOutQuestion, ...]) -> Rows:
    """Features, labels and kinds of the questions that reach the judge."""
    settings, retrieval = PlatformSettings.from_environment(), RetrievalSettings()
    search = ElasticPassageSearch(settings.elasticsearch_address)
    name, identity = await search.identity(persona)
    weights = await search.weights(name)
    encoder = open_encoder(cache_folder() / "models", identity.embedding_model.digest)
    reached = [one for one in questions if not (asks_for_private(one.question) or asks_for_harm(one.question))]
    rows = []
    for one in reached:
        query = SearchQuery.of(one.question, encoder)
        found = await search.search(persona, query, retrieval)
        passages = found.passages[: retrieval.passages]
        rows.append(find_evidence(one.question, query.vector, passages, encoder=encoder, weights=weights).features)
    await search.close()
    return np.array(rows), np.array([one.expected == "answer" for one in reached]), [one.kind for one in reached]


def report(title: str, rows: Rows, model: AnswerabilityModel) -> None:
    """One line: area under the curve, and what is answered of each kind at the threshold one half."""
    features, labels, kinds = rows
    probabilities = np.array([model.probability(tuple(row)) for row in features])
    answered = probabilities >= 0.5
    by_kind = {
        kind: round(float(np.mean(answered[[i for i, one in enumerate(kinds) if one == kind]])), 2)
        for kind in dict.fromkeys(kinds)
    }
    auc = roc_auc_score(labels, probabilities)
    print(f"| {title} | {len(labels)} | {auc:.3f} | {1 - answered[labels].mean():.2f} | {by_kind} |")


async def main() -> None:
    """Fit or test, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    home = TwinHome.from_environment()
    sample = await features_of("sample", load_questions(home.persona_folder("sample") / "questions.jsonl"))
    model = RERANKED_MODEL
    if arguments.fit:
        fitted = LogisticRegression(C=REGULARISATION, class_weight="balanced").fit(sample[0], sample[1])
        model = AnswerabilityModel(
            intercept=float(fitted.intercept_[0]), coefficients=tuple(float(one) for one in fitted.coef_[0])
        )
    named = dict(zip(RERANKED_FEATURES, (round(one, 2) for one in model.coefficients), strict=True))
    print(f"intercept {model.intercept:.2f}, {named}\n")
    print("| questions | n | AUC | over-refusal | answered, by kind |\n|---|---|---|---|---|")
    report("sample (fitted on)", sample, model)
    if (TEST_DATA / "questions.jsonl").is_file() and "chesterton" in home.known_personas():
        held_out = await features_of("chesterton", load_questions(TEST_DATA / "questions.jsonl"))
        report("Chesterton (never fitted on)", held_out, model)


if __name__ == "__main__":
    asyncio.run(main())
