"""What of a site may be fetched, and where it is kept: addresses, robots.txt, reservations of text and data mining."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from twin_data.contracts.digests import digest_text, short

USER_AGENT = "llm-twin"
TDM_FILE = "/.well-known/tdmrep.json"
TDM_FIELD = "tdm-reservation"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPED_SLASH = re.compile("%2F", re.IGNORECASE)
_SAFE = ":@!$&'()*+,;=~-._"
# They change what is counted or opened on a page, not what the page is.
_IDLE_PARAMETERS = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|ref|share|replytocom|fb_\w+")
_NO_PAGES = frozenset(
    ".jpg .jpeg .png .gif .webp .svg .ico .avif .css .js .json .xml .rss .atom .pdf .zip .gz .mp3 .mp4 .webm .mov .ogg "
    ".woff .woff2 .ttf .txt .epub .doc .docx .exe .dmg".split()
)
_PAGE_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
_MOST_SEGMENT_CHARACTERS = 50
_ODD = re.compile(r"[^\w.-]+")


def normalise_url(url: str, base: str = "") -> str | None:
    """The one way in which an address is written here: no fragment, no port that goes without saying, no counters.

    None for what is no page's address, such as `mailto:`.
    """
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return None
    name = f"[{host}]" if ":" in host else host
    place = name if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{name}:{port}"
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _IDLE_PARAMETERS.fullmatch(pair[0])]
    return urlunsplit((parts.scheme, place, _normal_path(parts.path), urlencode(query), ""))


def _normal_path(path: str) -> str:
    """A path from the root, each character escaped in one way, `.` and `..` resolved, also where they were escaped."""
    kept: list[str] = []
    segments = path.split("/")[1:] or [""]
    for segment in segments:
        # An escaped slash stays one: decoded it would part what the server takes for one segment.
        pieces = (unquote(piece, errors="surrogateescape") for piece in _ESCAPED_SLASH.split(segment))
        plain = "%2F".join(quote(piece, safe=_SAFE, errors="surrogateescape") for piece in pieces)
        if plain == "..":
            kept = kept[:-1]
        elif plain != ".":
            kept.append(plain)
    if segments[-1] and (not kept or unquote(segments[-1]) in {".", ".."}):
        kept.append("")  # what leads to a folder ends like one
    return "/" + "/".join(kept)


@dataclass(frozen=True)
class Scope:
    """The part of a host that is fetched: its pages under one path."""

    place: str
    """Host, and port where it is not the usual one."""
    prefix: str

    @classmethod
    def below(cls, url: str) -> Scope:
        """What lies beside and below a page: all under `/blog/` for `/blog/`, `/blog` and `/blog/index.html`."""
        parts = urlsplit(url)
        path = PurePosixPath(parts.path)
        is_folder = parts.path.endswith("/") or not path.suffix
        return cls(parts.netloc, parts.path.rstrip("/") + "/" if is_folder else f"{path.parent}/".replace("//", "/"))

    @classmethod
    def host(cls, url: str) -> Scope:
        """The whole host of an address."""
        return cls(urlsplit(url).netloc, "/")

    def is_host_of(self, url: str) -> bool:
        """Whether an address is on this host, over either protocol."""
        return urlsplit(url).netloc == self.place

    def holds(self, url: str) -> bool:
        """Whether an address is one of a page in scope."""
        parts: SplitResult = urlsplit(url)
        suffix = PurePosixPath(parts.path).suffix.lower()
        return parts.netloc == self.place and f"{parts.path}/".startswith(self.prefix) and suffix not in _NO_PAGES


def page_file(url: str) -> str:
    """Where a page is kept, by its address alone: `/2024/slow/` is `2024/slow/index.html`.

    What cannot stand in a file's name becomes a dash, and then a digest of the address keeps two pages apart.
    """
    parts = urlsplit(url)
    path = PurePosixPath(unquote(parts.path, errors="replace"))
    segments = [one for one in path.parts if one != "/"]
    if path.suffix.lower() not in _PAGE_SUFFIXES or parts.path.endswith("/"):
        segments.append("index.html")
    plain = [_ODD.sub("-", one).lstrip(".-")[:_MOST_SEGMENT_CHARACTERS] or "-" for one in segments]
    # What is a page's file cannot be a folder as well: below `/a.html` there may be `/a.html/b`.
    plain[:-1] = [f"{one}-" if PurePosixPath(one).suffix.lower() in _PAGE_SUFFIXES else one for one in plain[:-1]]
    if plain == segments and not parts.query:
        return "/".join(plain)
    name = PurePosixPath(plain[-1])
    suffix = name.suffix if name.suffix.lower() in _PAGE_SUFFIXES else ".html"
    return "/".join([*plain[:-1], f"{name.stem}~{short(digest_text(url))}{suffix}"])


@dataclass(frozen=True)
class TdmRules:
    """A site's reservations of text and data mining by path, as its `tdmrep.json` states them.

    The TDM Reservation Protocol (W3C community group report) knows three places: this file, a header and a meta tag.
    Here a reservation in any of the three holds.
    """

    reserved: Mapping[str, bool]

    @classmethod
    def parse(cls, text: str) -> TdmRules:
        """The rules in a file; none in what is not such a file, as from servers that answer everything with a page."""
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError):
            return cls({})
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return cls({str(row.get("location", "")): str(row.get(TDM_FIELD, "0")).strip() == "1" for row in rows})

    def is_reserved(self, url: str) -> bool:
        """Whether the longest rule that fits an address reserves it: as in robots.txt, that is the most specific."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        matching = [location for location in self.reserved if _matches(location, path)]
        return bool(matching) and self.reserved[max(matching, key=len)]


def _matches(location: str, path: str) -> bool:
    """Whether a pattern as in robots.txt fits: `*` for anything, `$` for the end, else all that begins so."""
    if not location.startswith(("/", "*")):
        return False
    body, is_whole = location.removesuffix("$"), location.endswith("$")
    pattern = ".*".join(re.escape(part) for part in body.split("*"))
    return bool(re.match(pattern + ("$" if is_whole else ""), path))
