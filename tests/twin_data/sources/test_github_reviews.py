from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest

from twin_data.contracts.documents import DocumentKind, RawDocument
from twin_data.sources.github_reviews import GitHubReviewsReader
from twin_data.sources.reader import Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]
API = "https://api.git.example/repos/harbour/gates/pulls/7"


def comment(
    number: int, login: str, body: str | None, *, reply_to: int | None = None, **more: object
) -> dict[str, object]:
    record: dict[str, object] = {
        "id": number,
        "user": {"login": login, "type": "User"},
        "body": body,
        "path": "gates/swing.py",
        "created_at": f"2022-03-01T10:{number:02d}:00Z",
        "html_url": f"https://git.example/harbour/gates/pull/7#discussion_r{number}",
        "pull_request_url": API,
    }
    return record | ({"in_reply_to_id": reply_to} if reply_to else {}) | more


COMMENTS = [
    comment(12, "rszy", "Why?\r\n", reply_to=11),
    comment(11, "nfenwick", "This name is *fog*.\r\n\r\n```suggestion\r\ndef swing() -> None:\r\n    pass\r\n```"),
    comment(13, "NFenwick", "> Why?\r\n\r\nBecause it isn't a leaf — it's a bridge.", reply_to=11),
    comment(14, "rszy", "Another place."),
    comment(15, "ci[bot]", "Coverage fell."),
    comment(16, "nfenwick", " "),
]


def test_one_document_a_thread(read_file: ReadFile) -> None:
    documents, skipped = read_file(GitHubReviewsReader(), "reviews.json", json.dumps(COMMENTS))
    assert [one.document_id for one in documents] == ["notes/reviews.json#11", "notes/reviews.json#14"]
    first = documents[0]
    assert (first.kind, first.title, first.date) == (
        DocumentKind.REVIEW,
        "harbour/gates#7: gates/swing.py",
        date(2022, 3, 1),
    )
    assert first.url == "https://git.example/harbour/gates/pull/7#discussion_r11"
    assert {one.thread for one in documents} == {"github:harbour/gates#7"}
    assert [(block.style.value, block.role.value, block.author, block.text) for block in first.blocks] == [
        ("paragraph", "own", "nfenwick", "This name is fog."),
        ("code", "own", "nfenwick", "def swing() -> None:\n    pass"),
        ("paragraph", "other", "rszy", "Why?"),
        ("quotation", "quoted", None, "Why?"),
        ("paragraph", "own", "NFenwick", "Because it isn't a leaf — it's a bridge."),
    ]
    assert sorted((one.part, one.reason) for one in skipped) == [("15", "bot"), ("16", "empty")]


def test_documents_do_not_depend_on_the_order_or_paging_of_the_export(read_file: ReadFile) -> None:
    once, _ = read_file(GitHubReviewsReader(), "reviews.json", json.dumps(COMMENTS))
    pages = json.dumps(COMMENTS[3:]) + "\n" + json.dumps(COMMENTS[:4])
    again, _ = read_file(GitHubReviewsReader(), "reviews.json", pages)
    assert again == once


def test_other_json_is_not_claimed_and_broken_json_is_said(read_file: ReadFile) -> None:
    with pytest.raises(AssertionError):
        read_file(GitHubReviewsReader(), "other.json", '{"a": 1}')
    with pytest.raises(Unreadable, match="not_json: line 1"):
        read_file(GitHubReviewsReader(), "broken.json", json.dumps(COMMENTS)[:-40])
    with pytest.raises(Unreadable, match="unknown_format"):
        read_file(GitHubReviewsReader(), "empty.json", '[{"pull_request_url": null}]')


ISSUE = {
    "id": 90,
    "user": {"login": "rszy", "type": "User"},
    "title": "The gate squeaks",
    "body": None,
    "created_at": "2022-03-01T09:00:00Z",
    "html_url": "https://git.example/harbour/gates/issues/7",
    "url": "https://api.git.example/repos/harbour/gates/issues/7",
    "comments_url": "https://api.git.example/repos/harbour/gates/issues/7/comments",
}


def test_an_issue_is_one_document_with_what_was_said_below_it(read_file: ReadFile) -> None:
    below = comment(21, "nfenwick", "It’s the pintle.", path=None, issue_url=API.replace("pulls", "issues"))
    del below["pull_request_url"], below["path"]
    line = comment(22, "nfenwick", "Not on the hinge.")
    documents, skipped = read_file(GitHubReviewsReader(), "7.json", json.dumps([ISSUE, below, line]))
    assert [(one.document_id, one.title, one.text) for one in documents] == [
        ("notes/7.json#22", "harbour/gates#7: gates/swing.py", "Not on the hinge."),
        ("notes/7.json#issue-7", "harbour/gates#7: The gate squeaks", "It’s the pintle."),
    ]
    assert {one.thread for one in documents} == {"github:harbour/gates#7"}
    assert [(one.part, one.reason) for one in skipped] == [("90", "empty")]


def test_comments_without_their_issue_are_read_as_before(read_file: ReadFile) -> None:
    below = comment(21, "nfenwick", "It’s the pintle.", path=None, issue_url=API.replace("pulls", "issues"))
    del below["pull_request_url"], below["path"]
    (document,), _ = read_file(GitHubReviewsReader(), "7.json", json.dumps([below]))
    assert (document.document_id, document.title) == ("notes/7.json#21", "harbour/gates#7")


def test_issues_of_one_number_in_two_repositories_are_two_documents(read_file: ReadFile) -> None:
    other = json.loads(json.dumps(ISSUE).replace("harbour/gates", "harbour/locks")) | {"body": "Mine squeaks."}
    documents, _ = read_file(GitHubReviewsReader(), "issues.json", json.dumps([ISSUE | {"body": "It squeaks."}, other]))
    assert [(one.document_id, one.thread, one.text) for one in documents] == [
        ("notes/issues.json#issue-harbour/gates/7", "github:harbour/gates#7", "It squeaks."),
        ("notes/issues.json#issue-harbour/locks/7", "github:harbour/locks#7", "Mine squeaks."),
    ]
