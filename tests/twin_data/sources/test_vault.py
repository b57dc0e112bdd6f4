from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.documents import RawDocument, Role
from twin_data.sources.collect import CollectInputs, run
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.vault import VaultReader, note_text

NOTE = """---
aliases: [The slow gate, Gate rule]
tags:
  - harbour
created: 2023-10-19T08:12
author: "[[Nora Fenwick]]"
---
#harbour #gates/slow

A gate is ==slow== for a [[Tides#Spring tides|reason]], see [[Tides#Spring tides]] and [[Locks#^a1b2c3]]. ^f00d12
%% remember the pump %%
> [!warning]- Mind the sill
> It is *higher* than it looks.
>
> - Twice.

> [!quote] Agnes Moll, Rules, 1961
> Ring the bell.

> Said at sea.
>
> — Ruth Szy

![[chart.png]]
![[Locks]]

- [ ] grease it
- [x] open it

```dataview
LIST FROM #harbour
```

```sh
echo '%% ==kept== %%'
```

%%
A comment of
several lines.
%%
The end has `==code==`.
"""

FILES = {
    ".obsidian/app.json": "{}",
    ".obsidian/templates.json": '{"folder": "Meta/Forms"}',
    ".trash/old.md": "gone",
    "Meta/Forms/daily.md": "---\ndate: {{date}}\n---\n",
    "Templates/post.md": "# {{title}}",
    "202310190812.md": NOTE,
    "Locks.md": "# Locks\n\nThey leak.",
    "Empty.md": "",
    "Board.md": "---\nkanban-plugin: basic\n---\n## To do\n- [ ] paint",
    "Broken.md": "---\ntitle: a: b\n---\nWords.",
    "chart.png": "not text",
    "page.html": "<article><p>A page of mine.</p></article>",
    "paper.pdf": "%PDF",
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "vault" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "vault"


def read(vault: Path, persona: PersonaConfig) -> tuple[dict[str, RawDocument], dict[str, str]]:
    collected = run(CollectInputs(persona=persona, sources_folder=vault.parent))
    documents = {one.document_id: one for one in collected.documents}
    return documents, {one.document_id.removeprefix("vault/"): one.reason for one in collected.rejections}


def test_reads_notes_and_says_why_the_rest_is_none(vault: Path, persona: PersonaConfig) -> None:
    assert VaultReader().claims(vault / "Locks.md") and not VaultReader().claims(vault.parent / "Locks.md")
    documents, skipped = read(vault, persona)
    assert list(documents) == ["vault/202310190812.md", "vault/Locks.md", "vault/page.html"]
    assert skipped == {
        ".obsidian/app.json": "hidden",
        ".obsidian/templates.json": "hidden",
        ".trash/old.md": "hidden",
        "Board.md": "drawing",
        "Broken.md": "front_matter: line 2: mapping values are not allowed in this context",
        "Empty.md": "empty",
        "Meta/Forms/daily.md": "template",
        "Templates/post.md": "template",
        "chart.png": "unknown_format",
        "paper.pdf": "attachment",
    }


def test_a_note_is_what_obsidian_shows(vault: Path, persona: PersonaConfig) -> None:
    note = read(vault, persona)[0]["vault/202310190812.md"]
    assert (note.title, note.date) == ("The slow gate", date(2023, 10, 19))
    assert [(block.role, block.author, block.text) for block in note.blocks] == [
        (Role.OWN, "Nora Fenwick", "A gate is slow for a reason, see Tides > Spring tides and Locks."),
        (Role.OWN, "Nora Fenwick", "Mind the sill"),
        (Role.OWN, "Nora Fenwick", "It is higher than it looks."),
        (Role.OWN, "Nora Fenwick", "Twice."),
        (Role.QUOTED, "Agnes Moll", "Ring the bell."),
        (Role.QUOTED, "Ruth Szy", "Said at sea."),
        (Role.QUOTED, "Ruth Szy", "— Ruth Szy"),
        (Role.OWN, "Nora Fenwick", "grease it"),
        (Role.OWN, "Nora Fenwick", "open it"),
        (Role.OWN, "Nora Fenwick", "echo '%% ==kept== %%'"),
        (Role.OWN, "Nora Fenwick", "The end has ==code==."),
    ]


def test_broken_settings_cost_no_note(vault: Path, persona: PersonaConfig) -> None:
    (vault / ".obsidian" / "templates.json").write_text("{")
    documents, skipped = read(vault, persona)
    assert len(documents) == 3
    assert skipped["Meta/Forms/daily.md"].startswith("front_matter")


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("> [!NOTE]\n> Own words.", [Role.OWN]),
        ("> [!note] Title\n>\n> Own words.", [Role.OWN, Role.OWN]),
        ("> > [!tip] In a quotation\n> > Not own.", [Role.QUOTED, Role.QUOTED]),
        ("> [!tip]\n> Own.\n> > Not own.", [Role.OWN, Role.QUOTED]),
        ("> [!cite]\n> Not own.", [Role.QUOTED]),
        ("> [no callout]\n> Not own.", [Role.QUOTED]),
    ],
)
def test_callouts(text: str, roles: list[Role]) -> None:
    assert [block.role for block in markdown_blocks(text)] == roles


@settings(deadline=None, max_examples=60)
@given(st.text("ab \n`%=#^~>-", max_size=60))
def test_any_note_can_be_shown(text: str) -> None:
    shown = note_text(text)
    assert set(shown) <= set(text) | {"\n"}
    markdown_blocks(shown)


def test_queries_inside_a_line_are_not_shown() -> None:
    assert note_text("It is `= this.title` and `$= dv.x()`, with `a = b` kept.") == "It is  and , with `a = b` kept."
