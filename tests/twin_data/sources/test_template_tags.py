from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import BlockStyle, Role
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.template_tags import without_template_tags


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ('Mine. {{< figure src="x.jpg" >}} More.', "Mine.  More."),
        ("{{% notice info %}}\nMine.\n{{% /notice %}}", "\nMine.\n"),
        ("{% raw %}Mine.{% endraw %} {%- include x.html -%}", "Mine. "),
        ("{% comment %}Not shown.{% endcomment %}Mine.{{/* nor this */}}", "Mine."),
        ("At {{ site.title }}, `{{ kept }}`", "At , `{{ kept }}`"),
        ("# Gates {#gates .big}\n\n* TOC\n{:toc}", "# Gates\n\n* TOC\n"),
        ("```\n{% kept %}\n```\n{% gone %}", "```\n{% kept %}\n```\n"),
        ("A root \\sqrt{{a}} of \\space{.5}", "A root \\sqrt{{a}} of \\space{.5}"),
        ("A set {1, 2} and {x}.", "A set {1, 2} and {x}."),
    ],
)
def test_tags_go_and_the_text_stays(given: str, shown: str) -> None:
    assert without_template_tags(given) == shown


@pytest.mark.parametrize(
    "text",
    [
        '{{< blockquote author="Ada Lovelace" >}}\nIt weaves.\n{{< /blockquote >}}\nMine.',
        "{% quote Ada Lovelace, Notes %}It weaves.{% endquote %}\n\nMine.",
    ],
)
def test_quotations_in_tags_are_quotations(text: str) -> None:
    assert [(one.role, one.author, one.text) for one in markdown_blocks(without_template_tags(text))] == [
        (Role.QUOTED, "Ada Lovelace", "It weaves."),
        (Role.OWN, None, "Mine."),
    ]


def test_code_in_tags_is_code() -> None:
    blocks = markdown_blocks(
        without_template_tags("Mine.\n{% highlight ruby %}\nputs {{ x }}\n{% endhighlight %}\nMore.")
    )
    assert [(one.style, one.text) for one in blocks][1] == (BlockStyle.CODE, "puts {{ x }}")


@settings(deadline=None)
@given(st.text(st.sampled_from("ab >%{}`#.:\n")))
def test_no_letter_outside_of_braces_is_lost(text: str) -> None:
    shown = without_template_tags(text)
    assert "{" in text or shown == text
    assert all(shown.count(letter) <= text.count(letter) for letter in "ab")
