"""What people wrote on GitHub, as its API gives it: issues, pull requests, their comments, reviews and their comments.

`GET /repos/{owner}/{repo}/issues`, `…/pulls`, `…/issues/comments`, `…/pulls/comments` and what stands below them, any
of these in one file, one page after the other or several arrays in a row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import NOT_WRITING, head_of
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.reader import Attribution, ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.records import Record, json_records, person_field, text_field
from twin_data.sources.text import decode, normalise_newlines

_WHOLE = "issue-"
STATE_FILE = "github-fetch.json"
"""Beside the conversations that were fetched live: how far, and what the server said of it."""
_MARKS = (b'"pull_request_url"', b'"issue_url"', b'"comments_url"')
_PULL_REQUEST = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/(?:pulls|issues)/(?P<number>\d+)$")


class GitHubReviewsReader:
    """One document a thread of comments, and one an issue or pull request with what was said below it.

    All that belongs to one issue or pull request shares its name as thread.
    """

    name = "github_reviews"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is a JSON file whose head names issues or pull requests."""
        if path.suffix.lower() != ".json":
            return False
        if path.name == STATE_FILE:
            return True
        head = head_of(path)
        return any(mark in head for mark in _MARKS)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a thread; comments of bots and empty ones are passed over."""
        if path.name == STATE_FILE:
            raise Unreadable(path, f"{NOT_WRITING}: state of the fetch")
        comments = [
            record
            for record in json_records(decode(context.read_bytes(path), path), path)
            if "body" in record and _pull_request_of(record)
        ]
        if not comments:
            raise Unreadable(path, "unknown_format: no issues, comments or reviews")
        titles = {name: title for one in comments if (name := _pull_request_of(one)) and (title := _title_of(one))}
        repositories = {str(_pull_request_of(one)).partition("#")[0] for one in comments}
        threads: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for comment in _once_each(comments):
            if reason := _reason_to_skip(comment):
                yield Skipped(path=path, reason=reason, part=text_field(comment, "id"), digest=digest_value(comment))
            else:
                root_id = _root_id(comment, titles, names_repository=len(repositories) > 1)
                threads[root_id, str(_pull_request_of(comment))].append(comment)
        for (root_id, _), thread in sorted(threads.items()):
            yield _document(root_id, sorted(thread, key=_order), titles, path, context)


def _document(
    root_id: str, comments: list[Record], titles: Mapping[str, str], path: Path, context: ReadContext
) -> RawDocument:
    first = comments[0]
    pull_request = _pull_request_of(first)
    is_whole = root_id.startswith(_WHOLE)
    place = titles[str(pull_request)] if is_whole else text_field(first, "path")
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
    """The comments by id: pages that were fetched twice hold the same ones, and the later fetch counts.

    Issues, comments and reviews are each counted by themselves, so the address tells them apart.
    """
    by_id = {
        (text_field(comment, "id") or digest_value(comment), text_field(comment, "html_url")): comment
        for comment in comments
    }
    return list(by_id.values())


def _title_of(record: Record) -> str | None:
    """The title of an issue or pull request; None for what was said below one."""
    if "pull_request_url" in record or not _PULL_REQUEST.search(text_field(record, "url") or ""):
        return None
    return text_field(record, "title")


def _root_id(comment: Record, titles: Mapping[str, str], *, names_repository: bool) -> str:
    """What a record is told under: the issue if the file holds it, else the first comment of its thread.

    Each repository counts its issues from 1, so a file with several of them names the repository, too.

    Comments on lines of a change are threads of their own: each talks of another place.
    """
    name = _pull_request_of(comment) or ""
    if name in titles and "path" not in comment and not comment.get("in_reply_to_id"):
        repository, _, number = name.rpartition("#")
        return f"{_WHOLE}{repository}/{number}" if names_repository else f"{_WHOLE}{number}"
    return text_field(comment, "in_reply_to_id", "id") or digest_value(comment)


def _order(comment: Record) -> tuple[str, str]:
    return text_field(comment, "created_at", "submitted_at") or "", (text_field(comment, "id") or "").zfill(20)


def _pull_request_of(comment: Record) -> str | None:
    """`owner/repository#number`."""
    match = _PULL_REQUEST.search(text_field(comment, "pull_request_url", "issue_url", "url") or "")
    return f"{match['repository']}#{match['number']}" if match else None
