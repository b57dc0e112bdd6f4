"""Pages that word processors save, in the layout that each gives them."""

from __future__ import annotations

from collections.abc import Callable

from twin_data.contracts.documents import RawDocument, Role
from twin_data.sources.html import HtmlReader
from twin_data.sources.reader import Skipped

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

GOOGLE = """<html><head><meta content="text/html; charset=UTF-8" http-equiv="content-type"></head>
<body class="c5 doc-content"><p class="c4 title"><span>Of gates</span></p><h1>First</h1>
<p class="c2"><span>Heavy &mdash; very.</span><sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup><sup><a href="#cmnt1"
id="cmnt_ref1">[a]</a></sup></p><h1>Last</h1><p>Shut.</p><hr>
<div><p><a href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;Of oak.</span></p></div>
<div class="c17"><p><a href="#cmnt_ref1" id="cmnt1">[a]</a><span>Is it? I doubt it, as ever.</span></p></div></body></html>"""

WORD = """<html><head><meta http-equiv=Content-Type content="text/html; charset=windows-1252">
<meta name=Generator content="Microsoft Word 15"><title>Of gates</title></head><body><div class=WordSection1>
<p class=MsoNormal>Heavy \u2013 very<a href="#_ftn1" name="_ftnref1"><span class=MsoFootnoteReference>[1]</span></a>, and
<del cite="mailto:Ruth">light</del><ins>slow</ins>.<a class=msocomanchor href="#_msocom_1">[RS1]</a></p>
<p class=MsoListParagraph><span style='font-family:Symbol'><span style='mso-list:Ignore'>\u00b7<span>&nbsp; </span></span>
</span>An item</p><p class=MsoQuote>Ring the bell.</p></div><div style='mso-element:footnote-list'><div id=ftn1>
<p class=MsoFootnoteText><a href="#_ftnref1" name="_ftn1">[1]</a> Of oak.</p></div></div>
<div style='mso-element:comment-list'><div style='mso-element:comment'><p>A doubt of Ruth's.</p></div></div></body></html>"""


def test_reviewers_comments_in_google_docs_are_not_the_authors(read_file: ReadFile) -> None:
    (document,), _ = read_file(HtmlReader(), "a.html", GOOGLE)
    assert document.title == "Of gates"
    assert document.text.split("\n\n") == ["Of gates", "First", "Heavy — very.", "Last", "Shut.", "Of oak."]


def test_words_own_marks_are_no_text(read_file: ReadFile) -> None:
    (document,), _ = read_file(HtmlReader(), "a.htm", WORD.encode("cp1252"))
    assert [(one.role, one.text) for one in document.blocks] == [
        (Role.OWN, "Heavy – very, and slow."),
        (Role.OWN, "An item"),
        (Role.QUOTED, "Ring the bell."),
        (Role.OWN, "Of oak."),
    ]


def test_another_page_keeps_what_it_strikes_out(read_file: ReadFile) -> None:
    (document,), _ = read_file(HtmlReader(), "a.html", "<body><p class=title>It was <del>shut</del> open.</p></body>")
    assert document.text == "It was shut open."
