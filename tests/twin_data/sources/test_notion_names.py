from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from twin_data.sources.notion_names import (
    is_notion_name,
    notion_date,
    page_title,
    split_properties,
    without_children,
)

ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (f"Night of the surge {ID}.md", "Night of the surge"),
        (f"Log {ID}_all.csv", "Log"),
        (f"What 3.5 metres do {ID}.html", "What 3.5 metres do"),
    ],
)
def test_ids_come_off_names(name: str, title: str) -> None:
    assert is_notion_name(Path(name)) and page_title(Path(name)) == title


@pytest.mark.parametrize("name", [f"{ID}.md", f"Page {ID[:-1]}.md", f"Page {ID}.png", "Page.md", f"Page-{ID}.html"])
def test_other_names_are_no_pages(name: str) -> None:
    assert not is_notion_name(Path(name))


def test_lines_with_names_of_columns_are_fields() -> None:
    page = "# Surge\n\nWhat for: the log\nLevel: 5.2 m: high\n\nIt came.\n\nLevel: too high."
    properties, text = split_properties(page, ("Name", "What for", "Level"))
    assert dict(properties.fields) == {"what for": "the log", "level": "5.2 m: high"}
    assert text == "# Surge\n\nIt came.\n\nLevel: too high."


@pytest.mark.parametrize(
    "page",
    [
        "# Surge\n\nNote: it came.\n\nAnd went.",
        "# Surge\n\nLevel: high\nand it rose\n\nIt came.",
        "Level: high\n\nIt came.",
        "# Surge\n\n",
        "",
        "# Surge\n\nhttps://x.example: no field\n",
    ],
)
def test_the_author_s_own_lines_stay(page: str) -> None:
    properties, text = split_properties(page, ("Level",))
    assert not properties.fields and text == page


def test_fields_tell_author_date_and_address() -> None:
    page = "# Surge\n\nCreated by: Ruth Szy\nPublished: May 4, 2023\nCreated: May 1, 2023 9:00 AM\nURL: https://x.example\n"
    properties, text = split_properties(page, ())
    assert (properties.author, properties.date, properties.url) == ("Ruth Szy", date(2023, 5, 4), "https://x.example")
    assert text.strip() == "# Surge"


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("February 3, 2023 11:40 PM", date(2023, 2, 3)),
        ("@February 3, 2023", date(2023, 2, 3)),
        ("February 3, 2023 → February 9, 2023", date(2023, 2, 3)),
        ("2023-02-03", date(2023, 2, 3)),
        ("soon", None),
        (None, None),
    ],
)
def test_dates(value: str | None, day: date | None) -> None:
    assert notion_date(value) == day


def test_links_to_pages_below_and_boxes_go() -> None:
    text = f"See [the log](Log%20{ID}.csv) first.\n[Log](Log%20{ID}.csv)\n- [x]  Grease\n- [y] stays\n[Site](https://x.example)"
    assert without_children(text) == (
        f"See [the log](Log%20{ID}.csv) first.\n\n- Grease\n- [y] stays\n[Site](https://x.example)"
    )


def test_the_tags_around_a_callout_go() -> None:
    assert without_children("<aside>\n💡 **Mind** the sill.\n\n</aside>") == "\n💡 **Mind** the sill.\n\n"
