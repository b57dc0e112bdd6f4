"""X's (Twitter's) archive: `data/tweets.js` and its parts; messages, likes and what was deleted are left alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.exports import OWNER_BASIS, is_real, owner, passed_over, skipped
from twin_data.sources.reader import ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.records import Record, text_field
from twin_data.sources.text import title_from_text
from twin_data.sources.x_tweets import Tweet, parse_notes, parse_tweet, read_part, split_retweet

_DATA = "data"
_TWEETS = re.compile(r"(?:tweets?|community-tweet)(?:-part\d+)?\.js")
_NOTES = re.compile(r"note-tweet(?:-part\d+)?\.js")


@dataclass(frozen=True)
class _Placed:
    """A post and the file it stands in."""

    tweet: Tweet
    path: Path


class XArchiveReader:
    """One document a post or a thread of the account's own posts. Retweets are others' words and are passed over."""

    name = "x_archive"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether this is an unpacked archive, or its folder `data`."""
        return bool(_parts(path / _DATA, _TWEETS) or _parts(path, _TWEETS))

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a thread, in order of the first post."""
        folder = path / _DATA if _parts(path / _DATA, _TWEETS) else path
        placed: dict[str, _Placed] = {}
        notes, used = dict[datetime, str](), set[Path]()
        for file in _parts(folder, _NOTES):
            used.add(file)
            try:
                notes |= parse_notes(read_part(file, context, "noteTweet"))
            except Unreadable as error:
                yield skipped(error)
        for file in _parts(folder, _TWEETS):
            used.add(file)
            try:
                records = read_part(file, context, "tweet")
            except Unreadable as error:  # one bad part costs that part only
                yield skipped(error)
                continue
            for record in records:
                reading = _place(record, file, notes, placed)
                if reading is not None:
                    yield reading
        yield from _take_out_earlier_versions(placed)
        username = _username(folder / "account.js", used, context)
        for thread in _threads(placed):
            yield _document(thread, placed, username, context)
        yield from passed_over(path, used)


def _parts(folder: Path, name: re.Pattern[str]) -> list[Path]:
    if not is_real(folder):
        return []
    return sorted(one for one in folder.glob("*.js") if name.fullmatch(one.name) and is_real(one))


def _place(record: Record, file: Path, notes: Mapping[datetime, str], placed: dict[str, _Placed]) -> Skipped | None:
    """Enter a record's post, or say why there is none to enter."""
    tweet = parse_tweet(record, notes)
    digest = digest_value(record)
    if tweet is None:
        return Skipped(path=file, reason="no_id_or_text", digest=digest)
    if tweet.is_retweet or not tweet.text:
        return Skipped(path=file, reason="retweet" if tweet.is_retweet else "empty", part=tweet.tweet_id, digest=digest)
    if tweet.tweet_id in placed:
        return Skipped(path=file, reason="repeated_record", part=tweet.tweet_id, digest=digest)
    placed[tweet.tweet_id] = _Placed(tweet, file)
    return None


def _take_out_earlier_versions(placed: dict[str, _Placed]) -> Iterator[Skipped]:
    """Leave of each post that was edited its last version, if the archive holds that."""
    for one in [one for one in placed.values() if one.tweet.edited_to in placed]:
        del placed[one.tweet.tweet_id]
        digest = digest_value(one.tweet.record)
        yield Skipped(path=one.path, reason="edited_later", part=one.tweet.tweet_id, digest=digest)


def _username(file: Path, used: set[Path], context: ReadContext) -> str | None:
    """The account's handle, for addresses. Without it they lead to the posts all the same."""
    if not is_real(file):
        return None
    try:
        accounts = read_part(file, context, "account")
    except Unreadable:
        return None  # `passed_over` then notes the file
    used.add(file)
    return next((name for account in accounts if (name := text_field(account, "username"))), None)


def _threads(placed: Mapping[str, _Placed]) -> list[list[_Placed]]:
    """The posts by the first of their thread, each thread in order of time."""
    threads: dict[str, list[_Placed]] = defaultdict(list)
    for one in placed.values():
        threads[_root(one.tweet, placed).tweet_id].append(one)
    for thread in threads.values():
        thread.sort(key=lambda one: one.tweet.order)
    return sorted(threads.values(), key=lambda thread: thread[0].tweet.order)


def _root(tweet: Tweet, placed: Mapping[str, _Placed]) -> Tweet:
    """The first own post of the chain of replies. A post answers an earlier one, so a ring ends the walk."""
    while (before := placed.get(tweet.reply_to or "")) is not None and before.tweet.order < tweet.order:
        tweet = before.tweet
    return tweet


def _document(
    thread: list[_Placed], placed: Mapping[str, _Placed], username: str | None, context: ReadContext
) -> RawDocument:
    first = thread[0]
    blocks = tuple(block for one in thread for block in _blocks(one.tweet, placed, context))
    return RawDocument(
        document_id=context.document_id(first.path, first.tweet.tweet_id),
        source=context.source,
        kind=DocumentKind.POST,
        title=title_from_text(blocks[0].text),
        date=context.dated(first.tweet.time.date() if first.tweet.time else None),
        url=f"https://x.com/{username or 'i'}/status/{first.tweet.tweet_id}",
        blocks=blocks,
        content_digest=digest_value([one.tweet.record for one in thread]),
    )


def _blocks(tweet: Tweet, placed: Mapping[str, _Placed], context: ReadContext) -> Iterator[Block]:
    """The post, and after it the own post that it quotes. A post of others that it quotes is not in the archive."""
    own, others, name = split_retweet(tweet.text)
    if own:
        yield from (owner(context).apply(Block(text=part)) for part in own.split("\n\n"))
    if others:
        basis = "retweet written by hand"
        yield Block(text=others, role=Role.QUOTED, style=BlockStyle.QUOTATION, author=name, basis=basis)
    quoted = placed.get(tweet.quoted or "")
    if quoted is not None and quoted.tweet.tweet_id != tweet.tweet_id:
        yield Block(
            text=quoted.tweet.text,
            role=Role.QUOTED,
            style=BlockStyle.QUOTATION,
            author=context.author.name,
            basis=f"quoted post of the {OWNER_BASIS}",
        )
