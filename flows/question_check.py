"""What is wrong with the questions that people wrote for a persona, held against its archive."""

from __future__ import annotations

from flows.exam_files import QUESTIONS_FILE, own_questions
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import DOCUMENTS
from twin_eval.evidence import evidence_problems
from twin_eval.exam.files import CANDIDATES_FILE, read_candidates
from twin_eval.questions import completed
from twin_eval.source_texts import source_texts


class CheckedFile(Contract):
    """One file of questions."""

    file: str
    questions: int
    """Candidates that nobody has completed are not counted."""
    problems: tuple[str, ...] = ()
    """Each names the question, what is wrong, and what to change."""


class QuestionsCheck(Contract):
    """All of a persona's."""

    persona: str
    files: tuple[CheckedFile, ...]
    evidence_checked: bool
    """False where there are no features yet, and so nothing to look the quotes up in."""

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not any(one.problems for one in self.files)


def check_questions(home: TwinHome, persona: str) -> QuestionsCheck:
    """Look up what a persona's own questions and completed candidates quote in the documents that were kept.

    Raises:
        QuestionsError: A file is wrong in itself; every line that is, is listed.
    """
    folder = home.persona_folder(persona)
    written = {
        QUESTIONS_FILE: own_questions(home, persona),
        CANDIDATES_FILE: completed(read_candidates(folder)),
    }
    documents = _documents(FeatureStore.of(home.features, persona))
    text_of = source_texts(folder / "sources")
    files = []
    for name, questions in written.items():
        if questions:
            problems = evidence_problems(questions, documents, text_of) if documents else ()
            files.append(CheckedFile(file=name, questions=len(questions), problems=tuple(map(str, problems))))
    return QuestionsCheck(persona=persona, files=tuple(files), evidence_checked=bool(documents))


def _documents(store: FeatureStore) -> dict[str, str]:
    """The text of each kept document by its id; empty without features."""
    if not store.exists(DOCUMENTS):
        return {}
    return dict(store.read(DOCUMENTS, columns=["document_id", "text"]).select("document_id", "text").iter_rows())
