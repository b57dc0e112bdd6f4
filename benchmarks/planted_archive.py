"""A planted archive: one author's texts in many formats, with everything in it that ought to be found and taken out.

Of the passages a fifth are quotations, of the documents a twentieth are other authors' without a word about it; some
are near copies of others at one to four per cent of the words; fifty secrets and fifty identities of third parties
stand in the prose, beside figures and names that look like them and must stay; ten archives attack whoever unpacks
them; files come in several encodings, and some are broken. One seed draws it all, and what was planted is written down.
"""

from __future__ import annotations

import json
import random
import re
import string
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.planted_forms import AUTHOR, as_html, as_markdown, as_text, mailed
from benchmarks.planted_values import Value, attacks, identities, look_alikes, secrets
from twin_data.transform.identifiers import find_identifiers

HANDLE = "amarlowe"
ADDRESS = "ada@marlowe.example"
QUOTED = ("Hedda Quill", "Tobias Renn", "Marguerite Osei", "Leopold Brask", "Ines Vantongeren")
QUOTED_SHARE, FOREIGN_SHARE, COPY_SHARES = 0.2, 0.05, (0.01, 0.02, 0.03, 0.04)
DOCUMENT_WORDS = 600
_LEAST_QUOTED_WORDS, _LEAST_PARAGRAPH_WORDS = 25, 6
_FURNITURE = ("Home", "Archive", "Subscribe to the letter", "Share this page", "We use cookies. Accept all or decline.")
_COMMENTS = ("Lovely stuff, and so true of our own town.", "I disagree with nearly all of this, if I may say so.")


@dataclass
class Planted:
    """What stands in the archive. Files are named by their path under `sources/`."""

    sources: Path
    own: dict[str, list[str]] = field(default_factory=dict)
    """The author's paragraphs of each file or record, as they were written."""
    quoted: dict[str, list[str]] = field(default_factory=dict)
    """Others' passages in them."""
    forms: dict[str, str] = field(default_factory=dict)
    """The form of each quoted passage (block quotation, epigraph, forwarded mail, …), by its text."""
    foreign: set[str] = field(default_factory=set)
    """Documents that another wrote, unmarked."""
    copies: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Near copies: the document that each was made of, and the share of its words that were replaced."""
    furniture: dict[str, list[str]] = field(default_factory=dict)
    secrets: list[Value] = field(default_factory=list)
    identities: list[Value] = field(default_factory=list)
    public: list[Value] = field(default_factory=list)
    """Figures, dates, numbers and public names that look like identities and must stay."""
    attacks: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def documents_of(texts: Sequence[str], words: int = DOCUMENT_WORDS) -> list[list[str]]:
    """Runs of whole paragraphs of at least so many words, each text by itself."""
    found: list[list[str]] = []
    for text in texts:
        held: list[str] = []
        for paragraph in (" ".join(part.split()) for part in text.split("\n\n")):
            if len(paragraph.split()) < _LEAST_PARAGRAPH_WORDS or find_identifiers(paragraph, None):
                continue  # a heading, or what would spoil the count of planted identities
            held.append(paragraph)
            if sum(len(one.split()) for one in held) >= words:
                found.append(held)
                held = []
    return found


def build(
    folder: Path, own: Sequence[list[str]], others: Mapping[str, Sequence[list[str]]], *, seed: int = 0
) -> Planted:
    """Write an archive under `folder/sources`.

    Args:
        folder: An empty folder.
        own: Documents of the author, as paragraphs.
        others: Documents of other authors; one twentieth of the archive is made of these, and all quotations are.
        seed: Draws the same archive again.
    """
    return _Builder(Planted(folder / "sources"), random.Random(seed)).build(own, others)


@dataclass
class _Builder:
    planted: Planted
    rng: random.Random
    mails: list[str] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)
    messages: list[dict[str, object]] = field(default_factory=list)
    zipped: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)

    def build(self, own: Sequence[list[str]], others: Mapping[str, Sequence[list[str]]]) -> Planted:
        pool = [document for name in sorted(others) for document in others[name]]
        self.rng.shuffle(pool)
        count = max(1, round(FOREIGN_SHARE * len(own) / (1 - FOREIGN_SHARE)))
        foreign = pool[:count]
        quotable = [one for document in pool[count:] for one in document if len(one.split()) >= _LEAST_QUOTED_WORDS]
        self.rng.shuffle(quotable)
        values = self._values()
        formats: list[Callable[[str, list[tuple[str, str | None]], bool], str]] = [
            self._markdown, self._html, self._text, self._mail, self._row, self._zipped
        ]  # fmt: skip
        drafts = [(list(one), False) for one in own] + [(list(one), True) for one in foreign]
        self.rng.shuffle(drafts)
        for number, (paragraphs, is_foreign) in enumerate(drafts):
            for value in values[number :: len(drafts)]:
                at = self.rng.randrange(len(paragraphs))
                paragraphs[at] = f"{paragraphs[at]} {value}"
            pieces = [(one, None) for one in paragraphs] if is_foreign else self._with_quotations(paragraphs, quotable)
            path = formats[number % len(formats)](f"{number:04}", pieces, is_foreign)
            self._record(path, pieces)
            if is_foreign:
                self.planted.foreign.add(path)
        self._copies()
        self._conversation()
        self._close_files()
        self._attacks()
        self._broken()
        return self.planted

    # Quotations

    def _with_quotations(self, paragraphs: list[str], quotable: list[str]) -> list[tuple[str, str | None]]:
        """Paragraphs with others' between them, until a fifth of the passages are quoted."""
        pieces: list[tuple[str, str | None]] = [(one, None) for one in paragraphs]
        wanted = QUOTED_SHARE / (1 - QUOTED_SHARE) * len(paragraphs)
        number = int(wanted) + (self.rng.random() < wanted % 1)
        forms = ["block", "named", "inline", "epigraph"]
        for _ in range(min(number, len(quotable))):
            form = self.rng.choice(forms)
            text = _cut(quotable.pop(), 25, 90)
            if form == "epigraph":
                forms.remove("epigraph")
            at = 0 if form == "epigraph" else self.rng.randint(1, len(pieces))
            pieces.insert(at, (text, form))
        return pieces

    # Formats

    def _markdown(self, name: str, pieces: list[tuple[str, str | None]], is_foreign: bool) -> str:
        path = f"blog/{name}.md"
        self._write(path, f"---\ntitle: Note {name}\ndate: {self._day()}\n---\n\n" + self._marked_down(pieces))
        return path

    def _marked_down(self, pieces: list[tuple[str, str | None]]) -> str:
        return "\n\n".join(as_markdown(text, form, self._name()) for text, form in pieces) + "\n"

    def _html(self, name: str, pieces: list[tuple[str, str | None]], is_foreign: bool) -> str:
        path = f"site/{name}.html"
        links = "".join(f"<a href='/'>{one}</a> " for one in _FURNITURE[:3])
        body = "\n".join(as_html(text, form, self._name()) for text, form in pieces)
        comments = "".join(f"<p>{one}</p>" for one in _COMMENTS)
        charset = self.rng.choice(["utf-8", "windows-1252"])
        page = (
            f"<html><head><meta charset='{charset}'><title>Page {name}</title></head><body><nav>{links}</nav>"
            f"<div class='cookie-banner'>{_FURNITURE[4]}</div><main><article><h1>Page {name}</h1>\n{body}\n</article>"
            "</main>"
            f"<section id='comments'>{comments}</section><footer>{_FURNITURE[3]}</footer></body></html>"
        )
        self.planted.furniture[path] = [*_FURNITURE, *_COMMENTS]
        self._write(path, page, "cp1252" if charset == "windows-1252" else "utf-8", "xmlcharrefreplace")
        return path

    def _text(self, name: str, pieces: list[tuple[str, str | None]], is_foreign: bool) -> str:
        path = f"notes/{name}.txt"
        text = "\n\n".join(as_text(text, form, self._name()) for text, form in pieces)
        encoding = self.rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
        if encoding == "cp1252":
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                encoding = "utf-8"
        self._write(path, text, encoding)
        return path

    def _mail(self, name: str, pieces: list[tuple[str, str | None]], is_foreign: bool) -> str:
        record = f"{name}@marlowe.example"
        own = [as_text(text, form, self._name()) for text, form in pieces if form in {None, "named", "inline"}]
        theirs = [text for text, form in pieces if form in {"block", "epigraph"}]
        sender, tail = self._name(), ""
        if theirs:
            form = self.rng.choice(["reply", "forward", "outlook", "bare"])
            tail = "\n\n" + mailed(theirs, form, sender)
            for text in theirs:
                self.planted.forms[text] = f"mail: {form}"
        body = re.sub(r"(?m)^(>*From )", r">\1", "\n\n".join(own) + tail)
        self.mails.append(
            f"From ada Mon Jan  1 00:00:00 2024\nFrom: {AUTHOR} <{ADDRESS}>\nTo: someone@else.example\n"
            f"Subject: On {name}\n"
            f"Message-ID: <{record}>\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nMIME-Version: 1.0\n"
            f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n\n"
        )
        return f"mail/box.mbox#{record}"

    def _row(self, name: str, pieces: list[tuple[str, str | None]], is_foreign: bool) -> str:
        text = "\n\n".join(as_text(text, form, self._name()) for text, form in pieces)
        self.rows.append({"id": name, "title": f"Row {name}", "text": text, "author": AUTHOR})
        return f"export/rows.jsonl#{name}"

    def _zipped(self, name: str, pieces: list[tuple[str, str | None]], is_foreign: bool) -> str:
        self.zipped[f"posts/{name}.md"] = self._marked_down(pieces)
        return f"old-blog/posts/{name}.md"

    def _copies(self) -> None:
        """One in twenty of the Markdown posts again, as a draft with some of its words replaced."""
        paths = [path for path in self.pieces if path.startswith("blog/") and path not in self.planted.foreign]
        chosen = self.rng.sample(paths, min(len(paths), max(len(COPY_SHARES), len(self.planted.own) // 20)))
        for at, path in enumerate(chosen):
            share = COPY_SHARES[at % len(COPY_SHARES)]
            pieces = [(_substituted(text, share, self.rng), form) for text, form in self.pieces[path]]
            copy = f"drafts/{at:04}.md"
            self._write(copy, self._marked_down(pieces))
            self.planted.copies[copy] = (path, share)
            self._record(copy, pieces)

    def _record(self, path: str, pieces: list[tuple[str, str | None]]) -> None:
        self.pieces[path] = pieces
        self.planted.own[path] = [text for text, form in pieces if form is None]
        self.planted.quoted[path] = [text for text, form in pieces if form is not None]
        for text, form in pieces:
            if form is not None:
                self.planted.forms.setdefault(text, form)

    # Identities and secrets

    def _values(self) -> list[str]:
        """Sentences that hold a secret, an identity or a look-alike; the names and handles go into a conversation."""
        for kind, value in secrets(self.rng):
            self.planted.secrets.append(Value(kind, value))
        for kind, value in identities(self.rng):
            self.planted.identities.append(Value(kind, value))
        self.planted.public += [Value(kind, value) for kind, value in look_alikes()]
        spoken = [one.text for one in self.planted.identities if one.kind not in {"name", "handle"}]
        held = [*(one.text for one in self.planted.secrets), *spoken, *(one.text for one in self.planted.public)]
        self.rng.shuffle(held)
        return [f"It was {one} that day, and so I wrote it down." for one in held]

    def _conversation(self) -> None:
        """A chat with people of a roster, whose names and handles fall; public figures fall as well."""
        users = [{"id": "U0", "name": HANDLE, "real_name": AUTHOR}]
        names = [one.text for one in self.planted.identities if one.kind == "name"]
        handles = [one.text for one in self.planted.identities if one.kind == "handle"]
        for at, name in enumerate([*names, *handles], start=1):
            is_name = name in names
            users.append(
                {"id": f"U{at}", "name": f"u{at}" if is_name else name, **({"real_name": name} if is_name else {})}
            )
        lines: list[tuple[str, str]] = []
        for at, name in enumerate([*names, *handles], start=1):
            shown = name if name in names else f"@{name}"
            lines.append(("U0", f"I told {shown} that the gate would hold until the morning, and it did hold."))
            lines.append((f"U{at}", "It did, and I was there to see it hold."))
        lines.append(("U0", "As Virginia Woolf and Charles Darwin knew, nobody remembers Tuesdays at half past nine."))
        self.messages = [
            {"type": "message", "user": user, "ts": f"{1_700_000_000 + at}.000100", "text": text}
            for at, (user, text) in enumerate(lines)
        ]
        self._write("slack/users.json", json.dumps(users))
        self._write("slack/channels.json", json.dumps([{"id": "C1", "name": "gates"}]))
        self._write("slack/gates/2023-11-14.json", json.dumps(self.messages))
        self.planted.own["slack/gates#2023-11-14"] = [text for user, text in lines if user == "U0"]

    # Files

    def _close_files(self) -> None:
        self._write("mail/box.mbox", "".join(self.mails))
        lines = [json.dumps(row, ensure_ascii=False) for row in self.rows]
        self._write(
            "export/rows.jsonl", "\n".join([*lines, '{"text": "cut off in the mid', "[1, 2]", '{"text": ""}']) + "\n"
        )
        self.planted.broken += [f"export/rows.jsonl#line-{len(lines) + at}" for at in (1, 2)]
        archive = self.planted.sources / "old-blog.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, text in self.zipped.items():
                opened.writestr(name, text)

    def _attacks(self) -> None:
        for name, data in attacks().items():
            (self.planted.sources / f"{name}.zip").write_bytes(data)
            self.planted.attacks.append(name)

    def _broken(self) -> None:
        files = {
            "blog/empty.md": b"",
            "blog/binary.md": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
            "blog/front.md": b"---\ntitle: [never closed\n---\n\nText.\n",
            "site/nothing.html": b"<html><body></body></html>",
            "notes/odd.bin": bytes(range(256)),
            "mail/none.mbox": b"no line begins as it should\n",
            "export/not.jsonl": b"\xff\xfe\x00",
        }
        for path, data in files.items():
            (self.planted.sources / path).write_bytes(data)
            self.planted.broken.append(path)

    def _write(self, path: str, text: str, encoding: str = "utf-8", errors: str = "strict") -> None:
        target = self.planted.sources / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode(encoding, errors))

    def _day(self) -> str:
        return f"{self.rng.randint(2016, 2025)}-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 28):02}"

    def _name(self) -> str:
        return self.rng.choice(QUOTED)


def _cut(text: str, fewest: int, most: int) -> str:
    """At most so many words of a paragraph, and its whole if it has few more than the fewest."""
    found = text.split()
    return " ".join(found[:most]) if len(found) > fewest else text


def _substituted(text: str, share: float, rng: random.Random) -> str:
    found = text.split(" ")
    for at in rng.sample(range(len(found)), round(share * len(found))):
        found[at] = "".join(rng.choice(string.ascii_lowercase) for _ in range(6))
    return " ".join(found)
