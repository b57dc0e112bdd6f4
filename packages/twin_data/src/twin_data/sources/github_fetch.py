"""The conversations on GitHub in which the persona wrote, fetched live: one JSON file an issue or pull request."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import httpx
from pydantic import ValidationError

from twin_data.configuration.persona import Author
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import SourceError
from twin_data.sources.github_api import GitHubApi
from twin_data.sources.github_reviews import STATE_FILE
from twin_data.sources.records import Record, person_field, text_field

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_NUMBER = re.compile(r"/(?:issues|pulls)/(\d+)$")
# What the reader reads; everything else the API says of people and things is not kept.
_KEPT = (
    "id", "url", "comments_url", "html_url", "issue_url", "pull_request_url", "title", "body", "path", "in_reply_to_id",
    "state", "created_at", "submitted_at",
)  # fmt: skip


class FetchState(Contract):
    """How far a repository was fetched, by whose names, and the server's marks of the lists."""

    repository: str
    api: str
    names: tuple[str, ...]
    since: str | None = None
    """Time of the newest change that was seen."""
    etags: dict[str, str] = {}


def check_repository(repository: str) -> str:
    """Return `OWNER/REPO` if it is one; raise otherwise."""
    if not _REPOSITORY.fullmatch(repository) or repository.endswith(("/.", "/..")):
        raise SourceError(
            f"{repository!r} names no repository",
            next_step="write it as github:OWNER/REPO, for example github:ada/engine",
        )
    return repository


def fetch_repository(api: GitHubApi, repository: str, author: Author, *, before: Path, folder: Path) -> int:
    """Write the source's new state to an empty folder; returns the number of conversations.

    Only what changed since the last time is asked for: lists of issues and comments, newest first, tell which
    conversations those are, and each is fetched as a whole. A review that says something but has no comment on a
    line and stands below a pull request where the persona wrote nothing else is not found.

    Args:
        api: The API; its `etags` are set by this function.
        repository: `OWNER/REPO`.
        author: Whose conversations are looked for: logins are among the names and aliases.
        before: The source as it was fetched last; need not exist.
        folder: Where the new state is written.

    Raises:
        SourceError: The repository is not there, the API refuses, or fails repeatedly.
    """
    state = _state(before, check_repository(repository), api, author)
    api.etags = dict(state.etags)
    known = {int(path.stem): path for path in before.glob("*.json") if path.stem.isdecimal()}
    changed, participated, newest = _discover(api, repository, author, state.since)
    wanted = sorted(participated | (changed & known.keys()))
    for number, path in known.items():
        if number not in wanted:
            shutil.copyfile(path, folder / path.name)
    kept = len(known.keys() - set(wanted))
    for done, number in enumerate(wanted, start=1):
        api.say(f"{repository}: conversation {done} of {len(wanted)}")
        if records := _conversation(api, repository, number):
            kept += 1
            _write(folder / f"{number:07d}.json", records)
    lists = {url: etag for url, etag in api.etags.items() if httpx.URL(url).params.get("since") == newest}
    _write(folder / STATE_FILE, state.model_copy(update={"since": newest, "etags": lists}).model_dump())
    return kept


def _state(before: Path, repository: str, api: GitHubApi, author: Author) -> FetchState:
    """The state of the last fetch; a fresh one if that was of something else, or for other names."""
    fresh = FetchState(repository=repository, api=api.base_url, names=(author.name, *author.aliases))
    path = before / STATE_FILE
    try:
        found = FetchState.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return fresh
    except (ValidationError, UnicodeDecodeError):  # fetching all of it again puts it right
        api.say(f"{path} is damaged; everything is fetched again")
        return fresh
    is_same = (found.repository, found.api, found.names) == (fresh.repository, fresh.api, fresh.names)
    return found if is_same else fresh


def _discover(
    api: GitHubApi, repository: str, author: Author, since: str | None
) -> tuple[set[int], set[int], str | None]:
    """Numbers of the conversations that changed, of those where the persona wrote, and when the newest change was."""
    if api.get(f"/repos/{repository}") is None:
        raise SourceError(
            f"{api.base_url} knows no repository {repository}, or the token may not see it",
            next_step="check OWNER/REPO, and that GITHUB_TOKEN may read the repository",
        )
    base, changed, participated, newest = f"/repos/{repository}", set[int](), set[int](), since
    parameters = {"sort": "updated", "direction": "desc"} | ({"since": since} if since else {})
    for path, more in (("issues", {"state": "all"}), ("issues/comments", {}), ("pulls/comments", {})):
        api.say(f"{repository}: looking through {path}")
        for record in api.list_if_changed(f"{base}/{path}", **parameters, **more):
            number = _number(record)
            if number is None:
                continue
            changed.add(number)
            if author.is_named(person_field(record, "user")):
                participated.add(number)
            newest = max(newest or "", text_field(record, "updated_at") or "") or None
    return changed, participated, newest


def _number(record: Record) -> int | None:
    match = _NUMBER.search(text_field(record, "pull_request_url", "issue_url", "url") or "")
    return int(match[1]) if match else None


def _conversation(api: GitHubApi, repository: str, number: int) -> list[dict[str, object]]:
    """The issue or pull request with all that was said there; nothing if it is gone."""
    base = f"/repos/{repository}"
    opened = api.get(f"{base}/issues/{number}")
    is_pull_request = opened is None or bool(opened.get("pull_request"))
    if opened is None:  # where a repository has no issues, its pull requests are none either
        opened = api.get(f"{base}/pulls/{number}")
    if opened is None:
        return []
    records = [opened, *api.list(f"{base}/issues/{number}/comments")]
    if is_pull_request:
        records += api.list(f"{base}/pulls/{number}/comments")
        records += api.list(f"{base}/pulls/{number}/reviews")
    return [_kept(record) for record in records]


def _kept(record: Record) -> dict[str, object]:
    user = record.get("user")
    who = {name: user.get(name) for name in ("login", "type")} if isinstance(user, Mapping) else None
    return {name: record[name] for name in _KEPT if name in record} | {"user": who}


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
