"""A small invented archive for the stub: documents with words of others, astral characters and hostile text."""

from __future__ import annotations

from datetime import date
from typing import Any

from twin_data.contracts.answers import AnswerOutcome, Citation, Cost, SentenceCheck, SentenceOutcome
from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    Block,
    BlockStyle,
    CleanDocument,
    DocumentKind,
    Passage,
    Role,
    block_spans,
)

from .stub import account

RUST_QUOTE = "It used to be Python, 11,400 lines. It's now Rust, 6,250."
RIVER_QUOTE = (
    "For three weeks in October both cores ran side by side, the old one working the river and the new one driving "
    "the shadow, and we compared 41,212 decisions."
)
SPEED_QUOTE = "It wasn't for speed."
PIPE_QUOTE = "We scraped the pipe on 12 December, and the error fell to 4.2 cm."


def document(document_id: str, title: str, blocks: list[Block], **rest: Any) -> CleanDocument:
    """A clean document made of blocks, with its offsets in code points."""
    text = BLOCK_SEPARATOR.join(block.text for block in blocks)
    passages = tuple(
        Passage(**span.model_dump(), **block.model_dump(include={"role", "style", "author", "level"}))
        for block, span in zip(blocks, block_spans([block.text for block in blocks]), strict=True)
    )
    fields: dict[str, Any] = {"date": date(2022, 11, 13), "url": f"https://slackwater.example/{document_id}", **rest}
    return CleanDocument(
        document_id=document_id,
        source="blog",
        kind=DocumentKind.ARTICLE,
        title=title,
        text=text,
        digest=digest_value(text),
        passages=passages,
        **fields,
    )


def cite(n: int, source: CleanDocument, quote: str, score: float = 0.9) -> Citation:
    """A citation of the first place where the quotation stands."""
    start = source.text.index(quote)
    return Citation(
        n=n,
        document_id=source.document_id,
        start=start,
        end=start + len(quote),
        quote=quote,
        title=source.title,
        date=source.date,
        url=source.url,
        score=score,
    )


def found(source: CleanDocument, text: str, section: str = "", **scores: float | None) -> dict[str, Any]:
    """A retrieved passage as the service reports it."""
    start = source.text.index(text)
    return {
        "chunk_id": f"{source.document_id}#{start}",
        "document_id": source.document_id,
        "start": start,
        "end": start + len(text),
        "text": text,
        "title": source.title,
        "date": str(source.date),
        "url": source.url,
        "section": section,
        "bm25": scores.get("bm25"),
        "cosine": scores.get("cosine"),
        "fused": scores.get("fused", 0.5),
        "late": scores.get("late"),
    }


def half_the_lines() -> CleanDocument:
    """An article with a heading, a list and words of two other people."""
    dov: dict[str, Any] = {"role": Role.OTHER, "author": "Dov Haskell", "style": BlockStyle.TURN}
    return document(
        "blog/half the lines.md",
        "Half the Lines, and Where They Went",
        [
            Block(
                text=(
                    "Never rewrite a working thing. I've given that advice for twenty years, free, to anyone who would "
                    "stand still, and it's sound; and on Thursday 3 November, with an ebb running and no wind, we opened "
                    f"a core for Pilotfish that I had rewritten from the keel up. {RUST_QUOTE} I ought to explain myself."
                )
            ),
            Block(
                text=(
                    f"{SPEED_QUOTE} I say so early, as the first thing said about Rust by those who sell it is that it's "
                    "quick, and it is; no gate has ever waited on Pilotfish's arithmetic. Gates wait on water."
                )
            ),
            Block(text="What the water said", style=BlockStyle.HEADING, level=2),
            Block(text=f"We found out how often it mattered. {RIVER_QUOTE} They parted company over nineteen."),
            Block(text="Fourteen times the Python was mistaken.", style=BlockStyle.LIST_ITEM),
            Block(text="Four times it was the Rust.", style=BlockStyle.LIST_ITEM),
            Block(text="Once it was both, and Cornelius was right.", style=BlockStyle.LIST_ITEM),
            Block(
                text=(
                    "A rewrite is a bet that you understand the old thing better than the people who wrote it, placed on "
                    "the evening when you understand it least."
                ),
                style=BlockStyle.QUOTATION,
                role=Role.QUOTED,
                author="Ottoline Fersk, The Patient Engine",
            ),
            Block(text="I had that over the bench the whole summer, and read it as a dare."),
            Block(text="Did the keepers notice any difference on the night?", **dov),
            Block(text="I asked three, and they all said no.", **dov),
            Block(text="Not one. That was the sounding I'd hoped for."),
            Block(text="leaf.state()  # shut | opening | open | closing | unknown", style=BlockStyle.CODE),
        ],
    )


def tides() -> CleanDocument:
    """An article whose cited words come after characters beyond the basic plane."""
    return document(
        "blog/four-point-two.md",
        "Four point two",
        [
            Block(text="🌊🌊 It was mussels, mostly — 𝔗allow said so 👩‍🔧. "),
            Block(text=f"The gauge had been lying. Two buckets. {PIPE_QUOTE}"),
        ],
        date=date(2024, 1, 28),
    )


def rust_answer(source: CleanDocument) -> tuple[tuple[str, ...], dict[str, Any]]:
    """An answer with two sources, one dropped sentence, and all that the page can show of it."""
    sentences = (
        "Pilotfish's core used to be 11,400 lines of Python and is now 6,250 of Rust [1].",
        " Speed had nothing to do with it — no gate has ever waited on arithmetic; gates wait on water [2].",
        " We ran both cores side by side for three weeks in October, and out of 41,212 decisions they parted company "
        "over nineteen [1][3].",
    )
    section, supported = "What the water said", SentenceOutcome.SUPPORTED
    passages = (
        found(source, source.text[:330], "Opening", bm25=14.62, cosine=0.71, fused=0.93),
        found(source, f"We found out how often it mattered. {RIVER_QUOTE}", section, bm25=9.1, fused=0.61, late=0.58),
        found(source, "Not one. That was the sounding I'd hoped for.", section, cosine=0.38, fused=0.22),
    )
    checks = (
        SentenceCheck(text=sentences[0][:-5] + ".", outcome=supported, support=0.94, citations=(1,)),
        SentenceCheck(text=sentences[1].strip()[:-5] + ".", outcome=supported, support=0.81, citations=(2,)),
        SentenceCheck(
            text="Cornelius wrote the last third of it himself.",
            outcome=SentenceOutcome.DROPPED,
            support=0.12,
            reason="no passage says so; best support 0.12, needed 0.60",
        ),
        SentenceCheck(text=sentences[2].strip()[:-8] + ".", outcome=supported, support=0.88, citations=(1, 3)),
    )
    twin = account(
        outcome=AnswerOutcome.REPAIRED,
        citations=tuple(cite(n, source, quote) for n, quote in enumerate((RUST_QUOTE, SPEED_QUOTE, RIVER_QUOTE), 1)),
        sentences=checks,
        passages=passages,
        cost=Cost(prompt_tokens=1240, completion_tokens=86, seconds=14.23),
    )
    return sentences, twin
