"""Code-review comments as GitHub's API gives them: `GET /repos/{owner}/{repo}/pulls/comments` and its siblings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.reader import Attribution, ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.records import Record, json_records, person_field, text_field
from twin_data.sources.text import decode, normalise_newlines

_HEAD_BYTES = 65_536
_MARKS = (b'"pull_request_url"', b'"issue_url"')
_PULL_REQUEST = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/(?:pulls|issues)/(?P<number>\d+)$")


class GitHubReviewsReader:
    """One document a thread of comments; all threads of a pull request share its name as their thread."""

    name = "github_reviews"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is a JSON file whose head names pull requests."""
        if path.suffix.lower() != ".json":
            return False
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        return any(mark in head for mark in _MARKS)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a thread; comments of bots and empty ones are passed over."""
        comments = [
            record
            for record in json_records(decode(context.read_bytes(path), path), path)
            if "body" in record and _pull_request_of(record)
        ]
        if not comments:
            raise Unreadable(path, "unknown_format: no review comments")
        threads: dict[str, list[Record]] = defaultdict(list)
        for comment in _once_each(comments):
            if reason := _reason_to_skip(comment):
                yield Skipped(path=path, reason=reason, part=text_field(comment, "id"), digest=digest_value(comment))
            else:
                threads[_root_id(comment)].append(comment)
        for root_id in sorted(threads):
            yield _document(root_id, sorted(threads[root_id], key=_order), path, context)


def _document(root_id: str, comments: list[Record], path: Path, context: ReadContext) -> RawDocument:
    first = comments[0]
    pull_request = _pull_request_of(first)
    place = text_field(first, "path")
    return RawDocument(
        document_id=context.document_id(path, root_id),
        source=context.source,
        kind=DocumentKind.REVIEW,
        title=f"{pull_request}: {place}" if place else str(pull_request),
        date=context.dated(parse_date(text_field(first, "created_at", "submitted_at"))),
        url=text_field(first, "html_url"),
        blocks=tuple(block for comment in comments for block in _blocks(comment, context)),
        thread=f"github:{pull_request}",
        content_digest=digest_value(comments),
    )


def _blocks(comment: Record, context: ReadContext) -> Iterator[Block]:
    login = person_field(comment, "user")
    attribution = Attribution(context.role_of(login), login, "comment author")
    for block in markdown_blocks(normalise_newlines(str(comment["body"]))):
        yield attribution.apply(block)


def _reason_to_skip(comment: Record) -> str | None:
    user = comment.get("user")
    login = person_field(comment, "user") or ""
    if login.endswith("[bot]") or (isinstance(user, dict) and user.get("type") == "Bot"):
        return "bot"
    return None if markdown_blocks(normalise_newlines(str(comment["body"] or ""))) else "empty"


def _once_each(comments: list[Record]) -> list[Record]:
    """The comments by id: pages that were fetched twice hold the same ones, and the later fetch counts."""
    return list({text_field(comment, "id") or digest_value(comment): comment for comment in comments}.values())


def _root_id(comment: Record) -> str:
    return text_field(comment, "in_reply_to_id", "id") or digest_value(comment)


def _order(comment: Record) -> tuple[str, str]:
    return text_field(comment, "created_at", "submitted_at") or "", (text_field(comment, "id") or "").zfill(20)


def _pull_request_of(comment: Record) -> str | None:
    """`owner/repository#number`."""
    match = _PULL_REQUEST.search(text_field(comment, "pull_request_url", "issue_url") or "")
    return f"{match['repository']}#{match['number']}" if match else None
