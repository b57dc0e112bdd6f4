from __future__ import annotations

from twin_data.contracts.documents import CorpusDocument, DocumentKind, Split
from twin_eval.briefs import writing_briefs

TEXT = "The eels went down to the weir and the lanterns followed them along the quay that evening. " * 6


def document(
    name: str, kind: str = "article", split: str = "test", *, title: str = "", text: str = ""
) -> CorpusDocument:
    return CorpusDocument(
        document_id=name,
        source="notes",
        kind=DocumentKind(kind),
        title=title or f"On {name}",
        date=None,
        url=None,
        text=text or f"{TEXT} Only {name} speaks of {name} at {name}.",
        digest="0" * 64,
        passages=(),
        family=name,
        split=Split(split),
    )


def test_only_held_out_documents_give_briefs() -> None:
    briefs = writing_briefs([document("eels", split="train"), document("oars"), document("ropes")])
    assert {one.document_id for one in briefs} == {"oars", "ropes"}
    assert all(one.text.startswith("Write an article on “On ") for one in briefs)
    assert all(one.question == one.text for one in briefs)


def test_briefs_do_not_depend_on_the_order_of_the_documents() -> None:
    documents = [document(name) for name in ("eels", "oars", "ropes", "nets")]
    assert writing_briefs(documents) == writing_briefs(documents[::-1])
    assert len({one.id for one in writing_briefs(documents)}) == 4


def test_kinds_take_turns_up_to_the_limit() -> None:
    documents = [document(f"a{at}") for at in range(9)] + [document("m", "mail"), document("r", "review")]
    briefs = writing_briefs(documents, limit=4)
    assert len(briefs) == 4
    assert {"m", "r"} <= {one.document_id for one in briefs}
    assert next(one for one in briefs if one.document_id == "m").text.startswith("Write a reply by mail on ")


def test_where_there_are_few_documents_long_ones_give_several_briefs() -> None:
    long = " ".join(f"The {name} went to the {name} weir. " * 250 for name in ("lantern", "cobble", "sluice"))
    briefs = writing_briefs([document("a", text=long), document("b")])
    assert [one.document_id for one in briefs].count("a") > 1
    assert {one.document_id for one in briefs[:2]} == {"a", "b"}
    assert len({one.text for one in briefs}) == len(briefs)


def test_the_document_itself_is_not_in_the_brief() -> None:
    brief = writing_briefs([document("oars"), document("eels", split="train")])[0]
    assert "went down to the weir" not in brief.text
    assert "oars" in brief.text


def test_short_and_untitled_documents_are_left_out() -> None:
    assert writing_briefs([document("a", text="Too short to write about."), document("b", title="  ")]) == ()
    assert writing_briefs([]) == ()
