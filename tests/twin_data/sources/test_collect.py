from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.configuration.persona import Author, PersonaConfig, SourceOptions
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import RawDocument, Rejection, Role
from twin_data.contracts.errors import ConsentError, SourceError
from twin_data.sources.collect import (
    CollectConfig,
    Collected,
    CollectInputs,
    Selection,
    SourceFile,
    iter_documents,
    run,
)
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import ReadContext, Skipped, Unreadable

SAMPLE = Path(__file__).parents[3] / "personas" / "sample"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    for name, content in {
        "blog/b.md": b"Second post.",
        "blog/a/a.md": b"First post.",
        "blog/.obsidian/app.json": b"{}",
        "blog/.DS_Store": b"\x00",
        "blog/chart.png": b"\x89PNG\x00",
        "blog/empty.md": b"",
        "blog/broken.md": b"\x00\x01\x02",
        "blog/notes.md/inner.txt": b"In a folder with a file's name.",
        "blog/vtt.vtt": b"no transcript",
        "single.txt": b"A single file.",
        ".trash/old.md": b"Thrown away.",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with zipfile.ZipFile(folder / "old.zip", "w") as archive:
        archive.writestr("posts/c.md", "Zipped post.")
        archive.writestr("__MACOSX/c.md", "junk")
    (folder / "torn.zip").write_bytes(b"PK\x03\x04")
    (folder / "blog" / "link.md").symlink_to(folder / "blog" / "b.md")
    return folder


def collect(persona: PersonaConfig, sources: Path, config: CollectConfig | None = None) -> Collected:
    return run(CollectInputs(persona=persona, sources_folder=sources), config=config)


def test_every_file_is_a_document_or_a_rejection(persona: PersonaConfig, sources: Path) -> None:
    collected = collect(persona, sources)
    assert {one.document_id: one.text for one in collected.documents} == {
        "blog/a/a.md": "First post.",
        "blog/b.md": "Second post.",
        "blog/notes.md/inner.txt": "In a folder with a file's name.",
        "old/posts/c.md": "Zipped post.",
        "single/single.txt": "A single file.",
    }
    rejected = {one.document_id: one.reason.partition(":")[0] for one in collected.rejections}
    assert rejected == {
        ".trash/old.md": "hidden",
        "blog/.DS_Store": "hidden",
        "blog/.obsidian/app.json": "hidden",
        "blog/broken.md": "binary",
        "blog/chart.png": "unknown_format",
        "blog/empty.md": "empty",
        "blog/link.md": "symlink",
        "blog/vtt.vtt": "not_vtt",
        "old/__MACOSX/c.md": "hidden",
        "torn/torn.zip": "unreadable",
    }
    assert {one.stage for one in collected.rejections} == {"collect"}
    assert {one.redacted_text for one in collected.rejections} == {""}
    assert str(sources) not in " ".join(one.reason for one in collected.rejections)


def test_a_name_that_is_no_text_is_reported(persona: PersonaConfig, sources: Path) -> None:
    for name in (b"caf\xe9.md", b"caf\xe9/inner.md"):
        path = sources / os.fsdecode(b"blog/" + name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"Words.")
    collected = collect(persona, sources)
    rejected = {one.document_id for one in collected.rejections if one.reason == "name_not_utf8"}
    assert rejected == {"blog/caf\\xe9.md", "blog/caf\\xe9/inner.md"}
    assert len(collected.documents) == 5


def test_digests_are_those_of_the_bytes(persona: PersonaConfig, sources: Path) -> None:
    collected = collect(persona, sources)
    documents = {one.document_id: one for one in collected.documents}
    assert documents["blog/b.md"].content_digest == digest_bytes(b"Second post.")
    rejections = {one.document_id: one for one in collected.rejections}
    assert rejections["blog/broken.md"].text_digest == digest_bytes(b"\x00\x01\x02")


def test_order_and_result_are_always_the_same(persona: PersonaConfig, sources: Path) -> None:
    first, second = collect(persona, sources), collect(persona, sources)
    assert first == second
    ids = [one.document_id for one in first.documents]
    assert ids == sorted(ids)
    streamed = list(iter_documents(CollectInputs(persona=persona, sources_folder=sources)))
    assert Counter(type(one) for one in streamed) == {RawDocument: 5, Rejection: 10}


def test_options_of_a_source_reach_its_files(persona: PersonaConfig, sources: Path) -> None:
    options = {"blog": SourceOptions(series=("a",)), "old": SourceOptions(url_base="https://nora.example/")}
    collected = collect(persona.model_copy(update={"sources": options}), sources)
    documents = {one.document_id: one for one in collected.documents}
    assert documents["blog/a/a.md"].series == "blog/a"
    assert documents["old/posts/c.md"].url == "https://nora.example/posts/c.md"


def test_consent_comes_first(persona: PersonaConfig, tmp_path: Path) -> None:
    with pytest.raises(ConsentError):
        iter_documents(CollectInputs(persona=persona.model_copy(update={"consent": None}), sources_folder=tmp_path))


@pytest.mark.parametrize("hidden", [None, ".DS_Store"])
def test_no_sources(persona: PersonaConfig, tmp_path: Path, hidden: str | None) -> None:
    if hidden:
        (tmp_path / hidden).write_bytes(b"x")
    with pytest.raises(SourceError, match="holds no sources") as caught:
        collect(persona, tmp_path)
    assert "twin add" in caught.value.next_step
    with pytest.raises(SourceError, match="holds no sources"):
        collect(persona, tmp_path / "absent")


def test_nothing_readable(persona: PersonaConfig, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "chart.png").write_bytes(b"\x89PNG")
    (tmp_path / "torn.zip").write_bytes(b"PK")
    with pytest.raises(SourceError, match=r"could be read \(2 rejected: unknown_format, unreadable\)") as caught:
        collect(persona, tmp_path)
    assert "Markdown" in caught.value.next_step


def test_two_sources_of_one_name(persona: PersonaConfig, sources: Path) -> None:
    (sources / "single.md").write_text("Another.")
    with pytest.raises(SourceError, match="are both the source 'single'"):
        collect(persona, sources)


class TwiceReader:
    name = "twice"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        return True

    def read(self, path: Path, context: ReadContext) -> list[RawDocument]:
        return [
            reading
            for reader in default_readers()
            if reader.name == "markdown"
            for reading in reader.read(path, context)
        ] * 2


def test_two_documents_of_one_id(persona: PersonaConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("Words.")
    monkeypatch.setattr("twin_data.sources.collect.default_readers", lambda: (TwiceReader(),))
    collected = collect(persona, tmp_path)
    digest = digest_bytes(b"Words.")
    assert [one.document_id for one in collected.documents] == ["a/a.md"]
    assert [(one.document_id, one.reason, one.text_digest) for one in collected.rejections] == [
        (f"a/a.md~{digest[:12]}", "repeated_document", digest)
    ]


def pack(archive: Path, **files: str) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in files.items():
            packed.writestr(f"{name}.md", text)


def test_an_archive_beside_what_was_unpacked_of_it(persona: PersonaConfig, tmp_path: Path) -> None:
    posts = tmp_path / "blog" / "posts"
    posts.mkdir(parents=True)
    (posts / "a.md").write_text("Of gates.")
    (posts / "b.md").write_text("Of locks, mended.")
    pack(tmp_path / "blog" / "posts.zip", a="Of gates.", b="Of locks.", c="Of sills.")
    collected = collect(persona, tmp_path)
    assert {one.document_id: one.text for one in collected.documents} == {
        "blog/posts/a.md": "Of gates.",
        "blog/posts/b.md": "Of locks, mended.",
        f"blog/posts/b.md~{digest_bytes(b'Of locks.')[:12]}": "Of locks.",
        "blog/posts/c.md": "Of sills.",
    }
    assert [one.reason for one in collected.rejections] == ["repeated_document"]


def test_an_incremental_run_gives_the_ids_of_a_full_one(persona: PersonaConfig, tmp_path: Path) -> None:
    posts = tmp_path / "sources" / "blog" / "posts"
    posts.mkdir(parents=True)
    inputs = CollectInputs(persona=persona, sources_folder=tmp_path / "sources")
    state: dict[str, SourceFile] = {}
    documents: dict[str, RawDocument] = {}

    def check() -> set[str]:
        """Read what changed, compare with reading everything, and return the paths of the files read."""
        some, everything = run(inputs, selection=Selection(dict(state))), run(inputs)
        kept = {document_id for file in some.kept for document_id in file.documents}
        for document_id in documents.keys() - kept:
            del documents[document_id]
        documents.update({one.document_id: one for one in some.documents})
        state.clear()
        state.update({file.path: file for file in (*some.files, *some.kept)})
        assert documents == {one.document_id: one for one in everything.documents}
        assert state == {file.path: file for file in everything.files}
        return {file.path for file in some.files}

    zipped, a, b = "blog/posts.zip", "blog/posts/a.md", "blog/posts/b.md"
    pack(tmp_path / "sources" / zipped, a="Of gates.", b="Of locks.")
    assert check() == {zipped}
    (posts / "a.md").write_text("Of gates.")
    (posts / "b.md").write_text("Of locks, mended.")
    assert check() == {zipped, a, b}
    assert check() == set()
    (posts / "a.md").write_text("Of gates, mended.")
    assert check() == {zipped, a, b}
    (posts / "b.md").unlink()
    assert check() == {zipped, a}
    (posts / "a.md").unlink()
    assert check() == {zipped}
    assert set(documents) == {a, b}


def test_too_large(persona: PersonaConfig, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words " * 200_000)
    (tmp_path / "b.txt").write_text("Words.")
    collected = collect(persona, tmp_path, CollectConfig(max_file_mb=1))
    assert [one.reason for one in collected.rejections] == ["too_large: over 1 MiB"]


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(
        ["a.md", "a.html", "a.xhtml", "a.vtt", "a.json", "Shares.csv", "Comments.csv", "a.mbox", "a.eml", "a.jsonl"]
        + ["a.txt", "a.csv", "a.xml", "conversations.json"]
    ),
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
        st.lists(
            st.sampled_from(
                [
                    "---\n",
                    "WEBVTT\n\n",
                    "From a\n",
                    "<p>",
                    "</p>",
                    "<article>",
                    "> ",
                    "```",
                    '{"text": "a"}',
                    "\n",
                    "\r",
                ]
                + [
                    "00:01.000 --> 00:02.000\n",
                    "ShareCommentary\n",
                    '"pull_request_url"',
                    '"mapping": {',
                    'xmlns:wp="http://wordpress.org/export/1.2/"',
                    "<rss>",
                    "text,title\n",
                    "[",
                    "]",
                    '"',
                    "&#0;",
                    "\x0b",
                ]
                + [
                    "Date: x\n",
                    "Content-Type: multipart/mixed; boundary=a\n",
                    "--a\n",
                    "-- \n",
                    "[^1]: ",
                    "&nbsp;",
                    "\u2028",
                ]
            )
        ).map(lambda parts: "".join(parts).encode()),
    ),
)
def test_no_file_breaks_a_reader(tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / name
    path.write_bytes(data)
    context = ReadContext("any", folder, Author(name="Nora"))
    for reader in default_readers():
        if reader.reads_folders or not reader.claims(path):
            continue
        try:
            readings = list(reader.read(path, context))
        except Unreadable:
            continue
        assert all(isinstance(one, Skipped) or one.text.strip() for one in readings)


@pytest.fixture(scope="module")
def sample() -> Collected:
    if not SAMPLE.is_dir():
        pytest.skip("the sample persona is absent")
    return collect(load_yaml(SAMPLE / "persona.yaml", PersonaConfig), SAMPLE / "sources")


def test_the_sample_is_read_in_all_its_formats(sample: Collected) -> None:
    own = Counter[str]()
    for document in sample.documents:
        own[document.source] += sum(len(block.text.split()) for block in document.blocks if block.role is Role.OWN)
    assert set(own) == {one.name for one in (SAMPLE / "sources").iterdir() if one.is_dir()}
    assert sum(own.values()) >= 25_000
    unexpected = {"unknown_format", "unreadable", "binary", "broken_mail", "not_json"}
    assert not [one for one in sample.rejections if one.reason.partition(":")[0] in unexpected]


def test_the_sample_s_evidence_stands_in_what_was_read(sample: Collected) -> None:
    texts: dict[str, str] = {}
    for document in sample.documents:
        place = document.document_id.partition("#")[0]
        texts[place] = texts.get(place, "") + " ".join(document.text.split()) + "\n"
    questions = [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text("utf-8").splitlines()]
    evidence = [one for question in questions for one in question.get("evidence", [])]
    missing = [
        one["quote"]
        for one in evidence
        # A day of a Slack channel may be spread over the threads of that channel.
        if " ".join(one["quote"].split()) not in texts.get(one["file"], texts.get(one["file"].rpartition("/")[0], ""))
    ]
    assert evidence
    assert missing == []


def test_an_e_book_is_its_pages(persona: PersonaConfig, tmp_path: Path) -> None:
    page = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>{0}</title>'
        '</head><body epub:type="{1}"><section epub:type="{1}"><h2>{0}</h2><p>The gate leaked.</p></section></body></html>'
    )
    (tmp_path / "sources").mkdir()
    with zipfile.ZipFile(tmp_path / "sources" / "gates.epub", "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("epub/text/chapter-1.xhtml", page.format("Timber", "chapter"))
        book.writestr("epub/toc.xhtml", page.format("Contents", "toc"))
    collected = run(CollectInputs(persona=persona, sources_folder=tmp_path / "sources"))
    assert [(one.document_id, one.matter) for one in collected.documents] == [
        ("gates/epub/text/chapter-1.xhtml", "chapter"),
        ("gates/epub/toc.xhtml", "toc"),
    ]
    assert [one.reason for one in collected.rejections] == ["unknown_format"]
