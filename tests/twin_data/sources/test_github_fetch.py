from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from twin_data.configuration.persona import Author, PersonaConfig
from twin_data.contracts.documents import Role
from twin_data.contracts.errors import SourceError
from twin_data.sources.collect import CollectInputs, run
from twin_data.sources.github_api import Clock, GitHubApi
from twin_data.sources.github_fetch import check_repository, fetch_repository


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


server = _load("github_server")
Json = dict[str, object]
REPO = "/repos/harbour/gates"


def written(record_id: int, login: str, body: str, at: str, **more: object) -> Json:
    return {
        "id": record_id, "user": {"login": login, "type": "User", "avatar_url": "https://a.example"}, "body": body,
        "created_at": at, "updated_at": at, "html_url": f"https://git.example/{record_id}", **more,
    }  # fmt: skip


def repository() -> object:
    """Three issues and a pull request; the persona took part in #1 and, by a comment on a line, in #3."""
    api = f"https://api.git.example{REPO}"
    issues = [
        written(11, "rszy", "It squeaks.", "2022-03-01T10:00:00Z", title="The gate squeaks", number=1, url=f"{api}/issues/1", comments_url="c"),
        written(12, "rszy", "Nobody else cares.", "2022-03-01T11:00:00Z", title="Paint", number=2, url=f"{api}/issues/2", comments_url="c"),
        written(13, "rszy", "Grease added.", "2022-03-02T10:00:00Z", title="Grease it", number=3, url=f"{api}/issues/3", comments_url="c", pull_request={"url": f"{api}/pulls/3"}),
    ]  # fmt: skip
    first = [
        written(21, "nfenwick", "It isn’t the gate — it’s the pintle.", "2022-03-01T10:05:00Z", issue_url=f"{api}/issues/1"),
        written(22, "rszy", "So it is.", "2022-03-01T10:06:00Z", issue_url=f"{api}/issues/1"),
        written(23, "rszy", "Merge?", "2022-03-02T10:02:00Z", issue_url=f"{api}/issues/3"),
    ]  # fmt: skip
    lines = [
        written(31, "nfenwick", "Not on the hinge.", "2022-03-02T10:01:00Z", path="gates/swing.py", pull_request_url=f"{api}/pulls/3"),
    ]  # fmt: skip
    reviews = [
        {"id": 41, "user": {"login": "nfenwick", "type": "User"}, "body": "Grease is not a plan.", "state": "COMMENTED", "submitted_at": "2022-03-02T10:01:30Z", "pull_request_url": f"{api}/pulls/3"}
    ]  # fmt: skip
    return server.TinyGitHub(
        lists={
            f"{REPO}/issues": issues, f"{REPO}/issues/comments": first, f"{REPO}/pulls/comments": lines,
            f"{REPO}/issues/1/comments": first[:2], f"{REPO}/issues/3/comments": first[2:],
            f"{REPO}/issues/2/comments": [], f"{REPO}/pulls/3/comments": lines, f"{REPO}/pulls/3/reviews": reviews,
        },
        objects={REPO: {"full_name": "harbour/gates"}} | {f"{REPO}/issues/{one['number']}": one for one in issues},
    )  # fmt: skip


class Fetcher:
    """Fetches into a source again and again, with a clock that only notes how long it was to wait."""

    def __init__(self, github: server.TinyGitHub, author: Author, folder: Path) -> None:  # type: ignore[name-defined]
        self.github, self.author, self.folder = github, author, folder
        self.now, self.waited, self.said = 1_000_000.0, list[float](), list[str]()

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    def fetch(self, repository: str = "harbour/gates", token: str | None = "t0k") -> Path:
        before = max(self.folder.iterdir(), key=lambda one: int(one.name), default=self.folder / "none")
        after = self.folder / str(len(list(self.folder.iterdir())))
        after.mkdir()
        clock = Clock(now=lambda: self.now, sleep=self.sleep)
        with GitHubApi(self.github.url, token, say=self.said.append, clock=clock) as api:
            fetch_repository(api, repository, self.author, before=before, folder=after)
        return after


@pytest.fixture
def fetcher(author: Author, tmp_path: Path) -> Iterator[Fetcher]:
    (tmp_path / "states").mkdir()
    with server.running(repository()) as github:
        yield Fetcher(github, author, tmp_path / "states")


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_conversations_of_the_persona_are_fetched_over_all_pages(
    fetcher: Fetcher, persona: PersonaConfig, tmp_path: Path
) -> None:
    state = fetcher.fetch()
    assert names(state) == ["0000001.json", "0000003.json", "github-fetch.json"], "#2 is not hers"
    assert fetcher.github.tokens == {"Bearer t0k"}
    assert any("page=2" in one for one in fetcher.github.asked)
    assert "avatar" not in (state / "0000001.json").read_text(), "only what is read is kept"
    (tmp_path / "sources").mkdir()
    state.rename(tmp_path / "sources" / "gates")
    collected = run(CollectInputs(persona=persona, sources_folder=tmp_path / "sources"))
    found = {one.document_id.partition("#")[2]: one for one in collected.documents}
    assert sorted(found) == ["31", "issue-1", "issue-3"]
    assert [(block.role, block.author, block.text) for block in found["issue-1"].blocks] == [
        (Role.OTHER, "rszy", "It squeaks."),
        (Role.OWN, "nfenwick", "It isn’t the gate — it’s the pintle."),
        (Role.OTHER, "rszy", "So it is."),
    ]
    assert found["issue-1"].title == "harbour/gates#1: The gate squeaks"
    assert [block.text for block in found["issue-3"].blocks] == ["Grease added.", "Grease is not a plan.", "Merge?"]
    assert found["31"].title == "harbour/gates#3: gates/swing.py"
    assert {found["31"].thread, found["issue-3"].thread} == {"github:harbour/gates#3"}
    assert [(one.document_id, one.reason) for one in collected.rejections] == [
        ("gates/github-fetch.json", "not_writing: state of the fetch")
    ]


def test_what_has_not_changed_is_not_fetched_again(fetcher: Fetcher) -> None:
    first, second = fetcher.fetch(), fetcher.fetch()
    asked = len(fetcher.github.asked)
    third = fetcher.fetch()
    assert [(third / name).read_bytes() for name in names(third)] == [
        (second / name).read_bytes() for name in names(second)
    ]
    assert fetcher.github.not_modified == 3 and len(fetcher.github.asked) == asked + 4
    assert (first / "0000001.json").read_bytes() == (third / "0000001.json").read_bytes()


def test_a_change_fetches_its_conversation_and_no_other(fetcher: Fetcher) -> None:
    api = f"https://api.git.example{REPO}"
    for record_id, at in ((24, "2022-04-01T10:00:00Z"), (25, "2022-04-02T10:00:00Z")):
        fetcher.fetch()
        late = written(record_id, "rszy", f"It squeaks again, {record_id}.", at, issue_url=f"{api}/issues/1")
        fetcher.github.lists[f"{REPO}/issues/comments"].append(late)
        fetcher.github.lists[f"{REPO}/issues/1/comments"].append(late)
    fetcher.github.asked.clear()
    state = fetcher.fetch()
    assert "It squeaks again, 25." in (state / "0000001.json").read_text()
    assert not any(f"{REPO}/issues/3" in one for one in fetcher.github.asked)
    assert names(state) == ["0000001.json", "0000003.json", "github-fetch.json"]
    assert json.loads((state / "github-fetch.json").read_text())["since"] == "2022-04-02T10:00:00Z"


def test_an_issue_that_is_gone_goes(fetcher: Fetcher) -> None:
    fetcher.fetch()
    del fetcher.github.objects[f"{REPO}/issues/1"]
    fetcher.github.lists[f"{REPO}/issues"][0]["updated_at"] = "2022-05-01T10:00:00Z"
    assert "0000001.json" not in names(fetcher.fetch())


def test_pull_requests_of_a_repository_without_issues(fetcher: Fetcher) -> None:
    pull = fetcher.github.objects[f"{REPO}/issues/3"]
    for path in (f"{REPO}/issues", f"{REPO}/issues/comments", f"{REPO}/issues/3/comments"):
        del fetcher.github.lists[path]
    fetcher.github.objects = {REPO: {}, f"{REPO}/pulls/3": {**pull, "url": f"https://api.git.example{REPO}/pulls/3"}}
    state = fetcher.fetch()
    assert names(state) == ["0000003.json", "github-fetch.json"]
    assert [one["body"] for one in json.loads((state / "0000003.json").read_text())] == [
        "Grease added.", "Not on the hinge.", "Grease is not a plan.",
    ]  # fmt: skip


def test_another_name_of_the_persona_looks_through_everything_again(fetcher: Fetcher) -> None:
    fetcher.fetch()
    fetcher.author = Author(name="Ruth Szy", aliases=("rszy",))
    assert "0000002.json" in names(fetcher.fetch())


def test_a_damaged_state_costs_a_full_fetch(fetcher: Fetcher) -> None:
    state = fetcher.fetch()
    (state / "github-fetch.json").write_text("{torn")
    assert names(fetcher.fetch()) == ["0000001.json", "0000003.json", "github-fetch.json"]
    assert any("is damaged" in one for one in fetcher.said)


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        ((403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000090"}), [90.0]),
        ((429, {"retry-after": "7"}), [7.0]),
        ((502, {}), [1.0]),
    ],
)
def test_limits_are_waited_out_and_failures_tried_again(
    answer: tuple[int, dict[str, str]], waits: list[float], fetcher: Fetcher
) -> None:
    fetcher.github.answers.append(answer)
    assert "0000001.json" in names(fetcher.fetch())
    assert fetcher.waited == waits


def test_the_last_request_of_an_hour_is_not_exceeded(fetcher: Fetcher) -> None:
    with GitHubApi(fetcher.github.url, say=fetcher.said.append, clock=Clock(lambda: fetcher.now, fetcher.sleep)) as api:
        fetcher.github.answers.append((404, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000030"}))
        assert api.get(REPO) is None
        assert api.get(REPO) == {"full_name": "harbour/gates"}
    assert fetcher.waited == [30.0] and "is reached" in fetcher.said[-1]


@pytest.mark.parametrize(
    ("answers", "message", "step"),
    [
        ([(401, {})], "HTTP 401", "GITHUB_TOKEN"),
        ([(403, {})], "HTTP 403", "right to read"),
        ([(500, {})] * 4, "failed 4 times: HTTP 500", "try again later"),
        ([(429, {"retry-after": "90000"})], "only at", "run the command again then"),
        ([(404, {})], "knows no repository harbour/gates", "OWNER/REPO"),
        ([(200, {}), (200, {})], "no list", "GITHUB_API_URL"),
    ],
)
def test_refusals_say_what_to_do(
    answers: list[tuple[int, dict[str, str]]], message: str, step: str, fetcher: Fetcher
) -> None:
    fetcher.github.answers += answers
    with pytest.raises(SourceError, match=message) as caught:
        fetcher.fetch()
    assert step in caught.value.next_step
    assert "t0k" not in str(caught.value)


def test_a_next_page_elsewhere_is_not_followed(fetcher: Fetcher) -> None:
    fetcher.github.extra_link = '<http://127.0.0.2:1/steal>; rel="next"'
    with pytest.raises(SourceError, match="elsewhere, at http://127.0.0.2:1/steal"):
        fetcher.fetch()


def test_no_server(author: Author, tmp_path: Path) -> None:
    clock = Clock(lambda: 0.0, lambda _: None)
    with (
        GitHubApi("http://127.0.0.1:9", say=print, clock=clock) as api,
        pytest.raises(SourceError, match="ConnectError"),
    ):
        fetch_repository(api, "harbour/gates", author, before=tmp_path / "none", folder=tmp_path)


@pytest.mark.parametrize("name", ["", "gates", "harbour/", "a/b/c", "har bour/gates", "harbour/..", "-a/b"])
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(SourceError, match="names no repository"):
        check_repository(name)
