"""Exports of other services, each a folder in the layout that it comes in, against what must be read of it.

The fixtures in `exports/` are invented; what is expected of each lies beside it as `<name>.expected.txt`.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from twin_data.configuration.persona import Author, PersonaConfig
from twin_data.contracts.documents import RawDocument, Rejection, Role
from twin_data.contracts.errors import SourceError
from twin_data.sources.collect import Collected, CollectInputs, iter_documents, run
from twin_data.sources.ingest import add_source

EXPORTS = Path(__file__).parent / "exports"
NAMES = sorted(one.name for one in EXPORTS.iterdir() if one.is_dir())
TOGETHER = {"x", "substack"}
"""Exports of which one file says what is in another."""
NOTION_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
WXR_HEAD = '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">'
BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + WXR_HEAD + "<channel><title>&b;</title></channel></rss>"
)


def render(collected: Collected) -> str:
    """Every document with the author and basis of each block, then every rejection."""
    lines: list[str] = []
    for one in collected.documents:
        lines += [f"== {one.document_id}", f"{one.kind.value} | {one.title} | {one.date} | {one.url} | {one.thread}"]
        for block in one.blocks:
            level = f" {block.level}" if block.level else ""
            lines.append(
                f"[{block.role.value} {block.style.value}{level}; {block.author}; {block.basis}] {block.text!r}"
            )
        lines.append("")
    lines += [f"-- {one.document_id}: {one.reason}" for one in collected.rejections]
    return "\n".join(lines) + "\n"


def collect(persona: PersonaConfig, sources: Path) -> Collected:
    return run(CollectInputs(persona=persona, sources_folder=sources))


def zip_of(folder: Path, archive: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w") as opened:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            opened.write(file, prefix + file.relative_to(folder).as_posix())
    return archive


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_read_as_expected(name: str, persona: PersonaConfig, tmp_path: Path) -> None:
    add_source(tmp_path, EXPORTS / name, name)
    text = render(collect(persona, tmp_path / "sources"))
    assert text == (EXPORTS / f"{name}.expected.txt").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prefix", ["", "export-2025-11-20/"])
def test_a_zip_of_an_export_is_recognised_as_a_whole(
    name: str, prefix: str, persona: PersonaConfig, tmp_path: Path
) -> None:
    """Also one that is packed into a folder, as some browsers and services do."""
    add_source(tmp_path, EXPORTS / name, name)
    folder = collect(persona, tmp_path / "sources")
    zipped = tmp_path / "zipped"
    zipped.mkdir()
    add_source(zipped, zip_of(EXPORTS / name, tmp_path / f"{name}.zip", prefix))
    found = collect(persona, zipped / "sources")
    assert [(one.title, one.blocks) for one in found.documents] == [(one.title, one.blocks) for one in folder.documents]
    assert [one.document_id.replace(prefix, "") for one in found.documents] == [
        one.document_id for one in folder.documents
    ]
    assert [one.reason for one in found.rejections] == [one.reason for one in folder.rejections]


def test_parts_that_were_packed_once_more_are_opened(persona: PersonaConfig, tmp_path: Path) -> None:
    part = zip_of(EXPORTS / "notion-html", tmp_path / "Export-Part-1.zip")
    outer = tmp_path / "sources" / "workspace.zip"
    outer.parent.mkdir()
    with zipfile.ZipFile(outer, "w") as opened:
        opened.write(part, "parts/Export-Part-1.zip")
    found = collect(persona, outer.parent)
    (document,) = found.documents
    assert document.document_id.startswith("workspace/parts/Export-Part-1/Night of the surge ")
    deeper = tmp_path / "deeper.zip"
    outer.rename(deeper)
    with zipfile.ZipFile(outer, "w") as opened:
        opened.write(deeper, "deeper.zip")
        opened.writestr("note.txt", "Words.")
    assert {one.reason.partition(":")[0] for one in collect(persona, outer.parent).rejections} == {"nested_too_deeply"}


@pytest.mark.parametrize("name", NAMES)
def test_no_words_of_others_are_own(name: str, persona: PersonaConfig, tmp_path: Path) -> None:
    add_source(tmp_path, EXPORTS / name, name)
    own = " ".join(
        block.text
        for document in collect(persona, tmp_path / "sources").documents
        for block in document.blocks
        if block.role is Role.OWN
    )
    for others in (
        "Somebody else", "somebody else", "Another Newsletter", "Subscribe", "RT @", "rung by hand", "finds you well",
        "Dear Co-op", "measures the difference", "I never wrote this", "no minutes", "patience with a smell",
        "from underneath", "ring the bell twice", "Haste is", "Lovely hat", "Surges of the world", "Hush",
    ):  # fmt: skip
        assert others not in own


@pytest.mark.parametrize("name", NAMES)
def test_no_damage_to_a_file_breaks_the_reading_of_the_others(
    name: str, persona: PersonaConfig, tmp_path: Path
) -> None:
    """Each file in turn is cut short, emptied, or filled with what is no text; the rest is read as before."""
    add_source(tmp_path, EXPORTS / name, name)
    sources = tmp_path / "sources"
    inputs = CollectInputs(persona=persona, sources_folder=sources)
    whole = {one.document_id: one for one in iter_documents(inputs) if isinstance(one, RawDocument)}
    for file in sorted(one for one in sources.rglob("*") if one.is_file()):
        data = file.read_bytes()
        for damaged in (
            b"",
            data[: len(data) // 3],
            data[: len(data) - 2],
            b"\x00\xff" * 40,
            b"[]",
            b"{",
            b"a,b\n1,2\n",
        ):
            file.unlink()  # not written through: equal files of the fixture may share one copy
            file.write_bytes(damaged)
            readings = list(iter_documents(inputs))
            assert readings, "every file is a document or a rejection"
            found = {one.document_id: one for one in readings if isinstance(one, RawDocument)}
            own_file = file.relative_to(sources).as_posix()
            for document_id in whole.keys() & found.keys():
                if not document_id.startswith(own_file) and name not in TOGETHER:
                    assert found[document_id] == whole[document_id]
        file.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "file", "content", "reason"),
    [
        ("x", "data/tweets.js", "var tweets = [];", "unknown_format: no assignment to window.YTD"),
        ("x", "data/tweets.js", 'window.YTD.tweets.part0 = [ {"tweet": ', "not_json: line 1"),
        ("x", "data/note-tweet.js", "window.YTD.note_tweet.part0 = [", "not_json"),
        (
            "medium",
            "posts/2023-05-04_The-gate-that-waits-1a2b3c4d5e6f.html",
            "<p>torn</p>",
            "unknown_format: no section",
        ),
        ("substack", "posts/104.the-bell.html", "<p> </p>", "empty: no text"),
        ("substack", "posts/104.the-bell.html", "\x00", "binary"),
        ("notion-markdown", f"Harbour handbook {NOTION_ID}.md", "# Only a title\n", "empty: no text below the title"),
        ("chatgpt", "conversations.json", '[{"mapping": {"a": ', "not_json"),
        ("chatgpt", "conversations.json", '[{"id": "a", "mapping": 7}]', "no_messages"),
        ("linkedin", "Comments_155814142.csv", "Date,Link\n2020-01-01,x\n", "unknown_format: no column 'Message'"),
        ("wordpress", "nora.WordPress.2025-11-20.xml", WXR_HEAD + "<channel><item>", "not_xml"),
        ("wordpress", "nora.WordPress.2025-11-20.xml", WXR_HEAD + "</rss>", "unknown_format: no channel"),
        ("wordpress", "nora.WordPress.2025-11-20.xml", BOMB, "unsafe_xml: it declares a document type"),
    ],
)
def test_what_is_broken_is_named(
    name: str, file: str, content: str, reason: str, persona: PersonaConfig, tmp_path: Path
) -> None:
    add_source(tmp_path, EXPORTS / name, name)
    path = tmp_path / "sources" / name / file
    path.unlink()
    path.write_text(content)
    readings = iter_documents(CollectInputs(persona=persona, sources_folder=tmp_path / "sources"))
    reasons = [one.reason for one in readings if isinstance(one, Rejection) and file in one.document_id]
    assert any(one.startswith(reason) for one in reasons), reasons


@pytest.mark.parametrize(("name", "inner"), [("x", "data"), ("medium", "posts"), ("substack", "posts")])
def test_links_out_of_a_source_are_not_followed(name: str, inner: str, persona: PersonaConfig, tmp_path: Path) -> None:
    source = tmp_path / "sources" / name
    source.mkdir(parents=True)
    (source / "note.txt").write_text("Words.")
    (source / inner).symlink_to(EXPORTS / name / inner)
    if name == "substack":
        (source / "posts.csv").symlink_to(EXPORTS / name / "posts.csv")
    collected = collect(persona, tmp_path / "sources")
    assert [one.document_id for one in collected.documents] == [f"{name}/note.txt"]
    assert {one.reason for one in collected.rejections} == {"symlink"}


def test_owned_exports_are_read_without_a_name_of_their_owner(persona: PersonaConfig, tmp_path: Path) -> None:
    stranger = persona.model_copy(update={"author": Author(name="N. F.")})
    for name in ("linkedin", "medium", "substack", "x"):
        add_source(tmp_path, EXPORTS / name, name)
    own = {
        one.source
        for one in collect(stranger, tmp_path / "sources").documents
        if any(block.role is Role.OWN for block in one.blocks)
    }
    assert own == {"linkedin", "medium", "substack", "x"}


def test_wordpress_of_a_stranger_is_not_own(persona: PersonaConfig, tmp_path: Path) -> None:
    stranger = persona.model_copy(update={"author": Author(name="N. F.")})
    add_source(tmp_path, EXPORTS / "wordpress", "wordpress")
    with pytest.raises(SourceError, match="other_author"):
        collect(stranger, tmp_path / "sources")


def test_the_last_version_of_an_edited_post_counts(persona: PersonaConfig, tmp_path: Path) -> None:
    folder = tmp_path / "sources" / "x" / "data"
    folder.mkdir(parents=True)
    info = {"initial": {"editTweetIds": ["5", "6"]}}
    posts = [
        {"tweet": {"id_str": number, "full_text": text, "edit_info": info}}
        for number, text in (("5", "Ths is a gate."), ("6", "This is a gate."))
    ]
    (folder / "tweets.js").write_text("window.YTD.tweets.part0 = " + json.dumps(posts))
    found = collect(persona, tmp_path / "sources")
    assert [one.text for one in found.documents] == ["This is a gate."]
    assert [(one.document_id, one.reason) for one in found.rejections] == [("x/data/tweets.js#5", "edited_later")]


def test_a_wordpress_post_has_its_footnotes_and_a_title_without_entities(
    persona: PersonaConfig, tmp_path: Path
) -> None:
    note = '[{"content":"Of <em>oak</em>.","id":"f1"}]'
    item = (
        "<title><![CDATA[Gates &amp; “locks”]]></title><dc:creator>nfenwick</dc:creator><content:encoded><![CDATA[<!-- "
        "wp:paragraph --><p>Heavy.</p><!-- /wp:paragraph -->]]></content:encoded><wp:status>publish</wp:status>"
        "<wp:post_type>post</wp:post_type><wp:postmeta><wp:meta_key>footnotes</wp:meta_key><wp:meta_value><![CDATA["
        f"{note}]]></wp:meta_value></wp:postmeta>"
    )
    names = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "site.xml").write_text(
        WXR_HEAD.replace("xmlns:wp", names + "xmlns:wp") + f"<channel><item>{item}</item></channel></rss>"
    )
    (document,) = collect(persona, tmp_path / "sources").documents
    assert (document.title, document.text) == ("Gates & “locks”", "Heavy.\n\nOf oak.")
