"""The text of one post of an X archive: links and HTML entities as readers see them, the furniture of replies gone."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from twin_data.sources.exports import text_of_file
from twin_data.sources.reader import ReadContext, Unreadable
from twin_data.sources.records import Record, json_records, text_field
from twin_data.sources.text import fold_lines

_ASSIGNMENT = re.compile(r"\s*window\.YTD\.\w+\.part\d+\s*=\s*")
_STATUS = re.compile(r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/(?P<user>\w+|i/web)/status/(?P<id>\d+)")
_RETWEET = re.compile(r"[RM]T @\w+:? ")
_RETWEET_WITHIN = re.compile(r"(?:^|(?<=\s))[\"“]?[RM]T @(\w+): ")
_QUOTED_WITHIN = re.compile(r"(?:^|(?<=\s))(?:“@(?P<a>\w+): (?P<b>[^”]+)”|\"@(?P<c>\w+): (?P<d>[^\"]+)\")")
"""How programs quoted a post before there were quotations, with the comment before or behind."""
_BETWEEN = " :|-–—\n"
_TIME = "%a %b %d %H:%M:%S %z %Y"


@dataclass(frozen=True)
class Tweet:
    """One post: what it says, when, what it answers and whom it quotes."""

    tweet_id: str
    text: str
    time: datetime | None
    reply_to: str | None
    quoted: str | None
    """Id of the post that it quotes."""
    is_retweet: bool
    edited_to: str | None
    """Id of its last version, if it was edited later; the archive holds every version."""
    record: Record

    @property
    def order(self) -> tuple[int, str]:
        """Ids grow with time."""
        return (int(self.tweet_id) if self.tweet_id.isdecimal() else 0, self.tweet_id)


def read_part(path: Path, context: ReadContext, key: str) -> list[Record]:
    """The records of one file of the archive, such as `tweets-part1.js`, out of their wrapping objects.

    Raises:
        Unreadable: It is not JSON behind an assignment to `window.YTD`.
    """
    text = text_of_file(path, context)
    match = _ASSIGNMENT.match(text)
    if match is None:
        raise Unreadable(path, "unknown_format: no assignment to window.YTD")
    records = json_records(text[match.end() :].rstrip().removesuffix(";"), path)
    return [inner for record in records if isinstance(inner := record.get(key, record), Mapping)]


def parse_tweet(record: Record, notes: Mapping[datetime, str]) -> Tweet | None:
    """The post of a record; None if it has no id. Long posts are cut in the table and whole among the `notes`."""
    tweet_id = text_field(record, "id_str", "id")
    raw = record.get("full_text", record.get("text"))
    if tweet_id is None or not isinstance(raw, str):
        return None
    raw, time = html.unescape(raw), _time(record.get("created_at"))
    quoted, links = None, dict[str, str]()
    for short, target in _links(record):
        links[short] = target
        if (status := _STATUS.match(target)) and status["id"] != tweet_id:
            quoted = status["id"]
    text = raw if time is None else _whole(raw, notes.get(time))
    return Tweet(
        tweet_id=tweet_id,
        text=_tidy(_visible(text, links, _mentioned(record), {quoted, tweet_id})),
        time=time,
        reply_to=text_field(record, "in_reply_to_status_id_str", "in_reply_to_status_id"),
        quoted=quoted,
        is_retweet=bool(_RETWEET.match(raw)),
        edited_to=_edited_to(record, tweet_id),
        record=record,
    )


def parse_notes(records: list[Record]) -> dict[datetime, str]:
    """The whole texts of long posts by their time, which is all that ties them to the table of posts."""
    notes: dict[datetime, str] = {}
    for record in records:
        core, created = record.get("core"), text_field(record, "createdAt")
        text = core.get("text") if isinstance(core, Mapping) else None
        if isinstance(text, str) and created and isinstance(core, Mapping):
            urls = ((text_field(url, "shortUrl"), text_field(url, "expandedUrl")) for url in _records(core.get("urls")))
            text = _expanded(html.unescape(text), {short: target for short, target in urls if short and target})
            try:
                time = datetime.fromisoformat(created)
            except ValueError:
                continue
            notes[time.astimezone(UTC).replace(microsecond=0)] = text
    return notes


def split_retweet(text: str) -> tuple[str, str, str | None]:
    """A comment, the post that it cites as `RT @name: …` or `“@name: …”`, as was the custom once, and whose that is."""
    if match := _QUOTED_WITHIN.search(text):
        around = (text[: match.start()].strip(_BETWEEN), text[match.end() :].strip(_BETWEEN))
        return " ".join(filter(None, around)), match["b"] or match["d"], match["a"] or match["c"]
    match = _RETWEET_WITHIN.search(text)
    if match is None:
        return text, "", None
    return text[: match.start()].rstrip(_BETWEEN), text[match.end() :], match[1]


def _whole(text: str, note: str | None) -> str:
    """The long form of a post that was cut, if it begins like it: two posts may be of one second."""
    if note is None:
        return text
    beginning = re.sub(r"(?:…|\.\.\.)?\s*(?:https://t\.co/\w+\s*)*$", "", text)
    return note if " ".join(note.split()).startswith(" ".join(beginning.split())[:100]) else text


def _visible(text: str, links: Mapping[str, str], mentioned: frozenset[str], shown: set[str | None]) -> str:
    """The text with its links expanded, but for those to pictures and to posts `shown`: itself, the quoted one."""
    statuses = {short: _STATUS.match(target) for short, target in links.items()}
    hidden = {short for short, status in statuses.items() if status is not None and status["id"] in shown}
    text = _expanded(text, {short: "" if short in hidden else target for short, target in links.items()})
    while (match := re.match(r"@(\w+)\s+", text)) and match[1].lower() in mentioned:
        text = text[match.end() :]
    return text


def _tidy(text: str) -> str:
    """Each line folded by itself; one blank line stays between paragraphs."""
    return "\n\n".join(folded for part in re.split(r"\n\s*\n", text) if (folded := fold_lines(part)))


def _expanded(text: str, links: Mapping[str, str]) -> str:
    """The text with what each short link stands for; of links that begin alike the longer one counts."""
    if not links:
        return text
    pattern = "|".join(map(re.escape, sorted(links, key=len, reverse=True)))
    return re.sub(pattern, lambda match: links[match[0]], text)


def _edited_to(record: Record, tweet_id: str) -> str | None:
    """The last of a post's versions, unless it is the post itself. The first version names them elsewhere."""
    info = record.get("edit_info")
    for name in ("initial", "edit"):
        part = info.get(name) if isinstance(info, Mapping) else None
        control = part.get("editControlInitial", part) if isinstance(part, Mapping) else None
        ids = control.get("editTweetIds") if isinstance(control, Mapping) else None
        known = [str(one) for one in ids] if isinstance(ids, list) else []
        if tweet_id in known and known[-1] != tweet_id:
            return known[-1]
    return None


def _links(record: Record) -> Iterator[tuple[str, str]]:
    """Each short link with where it leads; the empty address for pictures and films."""
    for name in ("entities", "extended_entities"):
        entities = record.get(name)
        if isinstance(entities, Mapping):
            for url in _records(entities.get("urls")):
                if short := text_field(url, "url"):
                    yield short, text_field(url, "expanded_url") or short
            for medium in _records(entities.get("media")):
                if short := text_field(medium, "url"):
                    yield short, ""


def _mentioned(record: Record) -> frozenset[str]:
    """The people whom a reply names first because it answers them; nobody where it is no reply."""
    entities = record.get("entities")
    if not text_field(record, "in_reply_to_user_id_str", "in_reply_to_user_id") or not isinstance(entities, Mapping):
        return frozenset()
    names = [text_field(one, "screen_name") for one in _records(entities.get("user_mentions"))]
    names.append(text_field(record, "in_reply_to_screen_name"))
    return frozenset(name.lower() for name in names if name)


def _records(value: object) -> list[Record]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _time(value: object) -> datetime | None:
    try:
        return datetime.strptime(str(value), _TIME).astimezone(UTC)
    except ValueError:
        return None
