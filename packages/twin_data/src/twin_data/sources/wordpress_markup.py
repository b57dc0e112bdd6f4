"""The body of a WordPress post to blocks: editor comments, shortcodes, and paragraphs that only blank lines mark."""

from __future__ import annotations

import html
import re

from twin_data.contracts.documents import Block
from twin_data.sources.exports import without_classes
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import parse_fragment
from twin_data.sources.text import normalise_newlines

_BLOCK_EDITOR = "<!-- wp:"
_KEPT_AS_IT_IS = re.compile(r"(<pre\b.*?</pre>|<script\b.*?</script>|<style\b.*?</style>)", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"\[(code|sourcecode|source)\b([^\]\n]*)\](.*?)\[/\1\]", re.DOTALL | re.IGNORECASE)
_ESCAPED = re.compile(r"\[(\[[a-z][\w-]*\b[^\]\n]*\])\]", re.IGNORECASE)
_HIDDEN = chr(0xE000)
"""Stands for the bracket of an escaped shortcode while the others are removed; WordPress never stores it."""
# What these hold is an address or a list of ids, or written for machines.
_WITHOUT_TEXT = "gallery audio video playlist embed youtube vimeo soundcloud tweet gist contact-form contact-form-7"
_WITH_CONTENT = re.compile(rf"\[({'|'.join(_WITHOUT_TEXT.split())})\b[^\]\n]*\](?:[^\[\n]*\[/\1\])?", re.IGNORECASE)
_QUOTE = re.compile(r"\[([\w-]*quote)((?:\s[^\]\n]*)?)\](.*?)\[/\1\]", re.DOTALL | re.IGNORECASE)
_QUOTED = re.compile(r"(?:author|cite|name|by)=[\"'“”]([^\"'“”\n]+)", re.IGNORECASE)
_EMBEDDED = re.compile(r"^[ \t]*https?://\S+[ \t]*$", re.MULTILINE)
"""An address alone on a line: the film or post is shown in its place."""
_PAIR = re.compile(r"\[([a-z][\w-]*)((?:\s[^\]\n]*)?)\](.*?)\[/\1\]", re.DOTALL | re.IGNORECASE)
_WITH_ATTRIBUTES = re.compile(
    r"\[/?[a-z][\w-]*(?:\s+[\w-]+=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\]]+))+\s*/?\]", re.IGNORECASE
)
_VERSE = re.compile(r"<pre\b[^>]*\bwp-block-verse\b[^>]*>(.*?)</pre>", re.DOTALL)
_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_NO_TEXT = frozenset(
    {"sharedaddy", "jp-relatedposts", "wp-block-post-comments", "wp-block-embed__wrapper", "wp-block-buttons"}
)
_DEPTH = 8
"""Shortcodes of page builders are nested: section, row, column, text."""


def post_blocks(content: str) -> tuple[Block, ...]:
    """The blocks of `content:encoded`, as a reader of the page sees them."""
    text = without_shortcodes(normalise_newlines(content))
    # A poem is no code, though it is stored as what keeps its lines.
    text = _VERSE.sub(lambda match: "<p>" + match[1].replace("\n", "<br>") + "</p>", text)
    if _BLOCK_EDITOR not in text:
        text = _with_paragraphs(text)
    return element_blocks(parse_fragment(_COMMENT.sub("", text)), without_classes(_NO_TEXT))


def without_shortcodes(text: str) -> str:
    """The text without shortcodes. A bracket of the author's own, as in `[sic]`, is none and stays."""
    text = _ESCAPED.sub(lambda match: _HIDDEN + match[1][1:], text)
    text = _CODE.sub(lambda match: f"<pre>{html.escape(html.unescape(match[3]))}</pre>", text)
    text = _QUOTE.sub(_blockquote, _WITH_CONTENT.sub("", text))
    for _ in range(_DEPTH):
        if (unwrapped := _PAIR.sub(r"\3", text)) == text:
            break
        text = unwrapped
    return _WITH_ATTRIBUTES.sub("", text).replace(_HIDDEN, "[")


def _blockquote(match: re.Match[str]) -> str:
    author = _QUOTED.search(match[2])
    cited = f"<footer>— {author[1]}</footer>" if author else ""
    return f"<blockquote>{match[3]}{cited}</blockquote>"


def _with_paragraphs(text: str) -> str:
    """Mark the paragraphs of the older editor, which stored them as blank lines, and its line breaks."""
    parts = _KEPT_AS_IT_IS.split(text)
    for index in range(0, len(parts), 2):
        parts[index] = _PARAGRAPH_BREAK.sub("<p>", _EMBEDDED.sub("", parts[index])).replace("\n", "<br>")
    return "".join(parts)
