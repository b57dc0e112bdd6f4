"""The forms in which an author quotes others: in Markdown, HTML, plain text and mail."""

from __future__ import annotations

from collections.abc import Sequence

AUTHOR = "Ada Marlowe"


def as_markdown(text: str, form: str | None, name: str) -> str:
    """A passage in Markdown: the author's, or another's in one of the forms of quoting."""
    match form:
        case "block":
            return f"> {text}\n>\n> — {name}"
        case "epigraph":
            return f"{text}\n\n— {name}, *Letters*"
        case _:
            return as_text(text, form, name)


def as_html(text: str, form: str | None, name: str) -> str:
    """The same in HTML."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    match form:
        case "block":
            return f"<blockquote><p>{safe}</p><footer>— {name}</footer></blockquote>"
        case "epigraph":
            return f"<div class='epigraph'><p>{safe}</p><p>— {name}</p></div>"
        case _:
            return "".join(f"<p>{part}</p>" for part in as_text(safe, form, name).split("\n\n"))


def as_text(text: str, form: str | None, name: str) -> str:
    """The same in plain text, where only marks and a name tell."""
    bare = text.translate(str.maketrans('“”"', "‘’'"))
    match form:
        case "named":
            return f"“{bare}”\n\n— {name}"
        case "block" | "epigraph":
            return f"“{bare}”\n\n— {name}, Letters"
        case "inline":
            return f"I keep coming back to it on slow days. As {name} wrote, “{bare}” I have never met a better answer."
        case _:
            return text


def mailed(theirs: Sequence[str], form: str, sender: str) -> str:
    """Another's passages below a mail: answered or forwarded, as programs write it."""
    match form:
        case "reply":
            quoted = "\n>\n".join(f"> {one}" for one in theirs)
            return f"On Sun, 31 Dec 2023 at 09:12, {sender} <a@b.example> wrote:\n{quoted}"
        case "bare":
            return f"On Sun, 31 Dec 2023 at 09:12, {sender} wrote:\n\n" + "\n\n".join(theirs)
        case "forward":
            head = f"---------- Forwarded message ---------\nFrom: {sender}\nDate: Sun, 31 Dec 2023\nSubject: Gates\n\n"
            return head + "\n\n".join(theirs)
        case _:
            head = f"From: {sender}\nSent: Sunday, 31 December 2023 09:12\nTo: {AUTHOR}\nSubject: Gates\n\n"
            return head + "\n\n".join(theirs)
