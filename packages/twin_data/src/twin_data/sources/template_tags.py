"""Tags of site generators in Markdown: Liquid's (Jekyll, Eleventy) and Hugo's shortcodes. A reader never sees them."""

from __future__ import annotations

import re
from collections.abc import Callable

_CODE = re.compile(r"(^[ ]{0,3}(`{3,}|~{3,}).*?^[ ]{0,3}\2[`~]*[ \t]*$|`+[^`\n]+`+)", re.DOTALL | re.MULTILINE)
_OPEN = r"(?:\{\{[<%]\s*|(?<!\{)\{%-?\s*)"
_CLOSE = r"(?:\s*[>%]\}\}|\s*-?%\}(?!\}))"


def _pair(names: str) -> re.Pattern[str]:
    """A tag of one of these names, what it is given, and what stands between it and its end."""
    return re.compile(
        rf"{_OPEN}(?P<name>{names})\b(?P<given>[^\n]*?){_CLOSE}(?P<inside>.*?){_OPEN}(?:end|/\s*)(?P=name){_CLOSE}",
        re.DOTALL,
    )


_COMMENT = re.compile(r"\{\{[<%]?\s*/\*.*?\*/\s*[>%]?\}\}", re.DOTALL)
_HIDDEN, _CODE_PAIR, _QUOTE = _pair("comment"), _pair("highlight|code|codeblock"), _pair(r"[\w-]*quote")
_AUTHOR = re.compile(r"""(?:author|by|cite)\s*=\s*["“]([^"”\n]+)["”]""")
_TAG = re.compile(rf"{_OPEN}[^\n]*?{_CLOSE}|(?<![\w\\^_{{}}])\{{\{{(?![<%])[^{{}}\n]*\}}\}}")
"""A formula, too, may have braces in braces, behind a letter or sign."""
_ATTRIBUTES = re.compile(r"(?:[ \t]*\{:|(?:^|[ \t]+)\{[.#])[^{}\n]*\}[ \t]*$", re.MULTILINE)
"""Kramdown's and Pandoc's classes and ids behind a heading or on a line of their own."""


def without_template_tags(text: str) -> str:
    """The Markdown without tags; quotations and code in tags become Markdown's own, code is left as it is."""
    text = _outside_code(text, lambda part: _CODE_PAIR.sub(_fenced, _HIDDEN.sub("", _COMMENT.sub("", part))))
    text = _outside_code(text, lambda part: _QUOTE.sub(_quoted, part))
    return _outside_code(text, lambda part: _ATTRIBUTES.sub("", _TAG.sub("", part)))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    pieces, at = [], 0
    for code in _CODE.finditer(text):
        pieces += [change(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*pieces, change(text[at:])])


def _fenced(match: re.Match[str]) -> str:
    return "\n```\n" + match["inside"].strip("\n") + "\n```\n"


def _quoted(match: re.Match[str]) -> str:
    """A quotation whose first line names its author, as the callouts of Obsidian do."""
    named = _AUTHOR.search(match["given"])
    author = named[1] if named else "" if "=" in match["given"] else match["given"].strip()
    lines = (f"[!quote] {author}", *match["inside"].strip("\n").split("\n"))
    return "\n\n" + "\n".join(f"> {line.strip()}" for line in lines) + "\n\n"
