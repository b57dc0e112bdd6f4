"""Mailboxes (`.mbox`) and single mails (`.eml`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import default as default_policy
from email.utils import getaddresses, parseaddr
from pathlib import Path

from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import mail_date
from twin_data.sources.exports import head_of
from twin_data.sources.mail_text import MAIL_HEADER, html_mail_blocks, mail_blocks
from twin_data.sources.reader import Attribution, ReadContext, Reading, RecordIds, Skipped, Unreadable
from twin_data.sources.text import decode, fold, normalise_newlines, title_from_text

MAIL_SUFFIX = ".eml"
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_HEADER_LINE = re.compile(rb"[!-9;-~]+:|>From ")
_MAILBOX = re.compile(rb"From [^\n]*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b[^\n]*\d:\d\d[^\n]*\n[!-9;-~]+:")
_EXPUNGED = 0x0008
_DATED_MARK = re.compile(rb"From .*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*\d:\d\d.*\d{4}")
_REPLY_PREFIX = re.compile(
    r"^(?:(?:re|fwd?|aw|antw|wg|sv|vs|vb|tr|rv|rif|odp|res|enc)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)
# Not `bulk` or `list`: that is how a person's own newsletter goes out.
_DRAFT_LABELS = frozenset(
    "draft drafts entwurf entwürfe brouillons borradores bozze concepten rascunhos utkast".split()
)
_VERSIONS = ("plain", "html")
_NOBODY_S = re.compile(
    r"(?:.*\b)?(?:(?:do[._-]?not|no|not)[._-]?reply|newsletters?|news|notifications?|mailer-daemon|postmaster|bounces?)"
    r"(?:\b.*)?@",
    re.IGNORECASE,
)
_AUTOMATIC_PRECEDENCE = frozenset({"junk", "auto_reply"})


@dataclass(frozen=True)
class Mail:
    """One mail as parsed, before anything of it is read."""

    message: EmailMessage
    message_id: str | None
    parents: tuple[str, ...]
    """Ids of the mails it answers, the oldest first."""
    digest: str


class MailReader:
    """One document a mail; a mail is the persona's own when its `From` is. Threads go by `References`."""

    name = "mbox"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a mailbox's or a mail's, or has no end and the file begins like a mailbox.

        Apple Mail exports a file `mbox`, and Thunderbird keeps one `Sent`.
        """
        if path.suffix:
            return path.suffix.lower() in {".mbox", MAIL_SUFFIX}
        return _MAILBOX.match(head_of(path)) is not None

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a mail; automatic mails, drafts, empty ones and attachments are passed over."""
        context.check_size(path)
        is_single = path.suffix.lower() == MAIL_SUFFIX
        mails = [mail_of(context.read_bytes(path))] if is_single else list(_mails(path))
        if not mails:
            raise Unreadable(path, "not_mbox: no line begins with 'From '")
        parent_of = {mail.message_id: mail.parents for mail in mails if mail.message_id}
        ids = RecordIds()
        for mail in mails:
            yield from read_mail(mail, parent_of, path, context, ids)


def _mails(path: Path) -> Iterator[Mail]:
    """The mails of a mailbox, what stands before the first one left out.

    A mail begins at a line `From …` after an empty one, or with a moment in it, if a header is below it: many programs
    leave a sentence of the text that begins so as it is, which Python's `mailbox` takes for the next mail.
    """
    lines: list[bytes] = []
    is_open, before, mark = False, b"", b""
    with path.open("rb") as stream:
        for line in stream:
            if mark and _HEADER_LINE.match(line):
                if is_open:
                    yield _mail_of_lines(lines)
                is_open, lines, mark = True, [], b""
            elif mark:
                lines.append(mark)
            is_mark = line.startswith(b"From ") and (not before.strip() or _DATED_MARK.match(line))
            mark = line if is_mark else b""
            lines += [] if mark else [line]
            before = line
    if is_open:
        yield _mail_of_lines([*lines, mark] if mark else lines)


def _mail_of_lines(lines: list[bytes]) -> Mail:
    """The mail in these lines, the empty one left out that parts it from the next."""
    return mail_of(b"".join(lines[:-1] if lines and lines[-1] == b"\n" else lines))


def mail_of(data: bytes) -> Mail:
    """The mail in these bytes."""
    message = message_from_bytes(data, policy=default_policy)
    references = _ids(message, "References") or _ids(message, "In-Reply-To")[:1]
    own = _ids(message, "Message-ID")
    return Mail(message, own[0] if own else None, tuple(references), digest_bytes(data))


def read_mail(
    mail: Mail, parent_of: Mapping[str, tuple[str, ...]], path: Path, context: ReadContext, ids: RecordIds
) -> Iterator[Reading]:
    """Yield a mail's document and its attachments, or why it is passed over.

    Args:
        mail: The mail.
        parent_of: The ids of the mails that each known one answers, by its own.
        path: The file that it lies in.
        context: What is known of the source.
        ids: The ids given so far in this file.
    """

    def skipped(reason: str) -> Skipped:
        return Skipped(path=path, reason=reason, part=mail.message_id, digest=mail.digest)

    if reason := _not_sent(mail.message):
        yield skipped(reason)
        return
    try:
        blocks = _blocks(mail.message, path, context)
    except Unreadable as error:  # the mail's text is none; the other mails are read
        yield skipped(error.reason)
        return
    except (MessageError, LookupError, ValueError, TypeError) as error:  # what the parser meets in broken mails
        yield skipped(f"broken_mail: {type(error).__name__}")
        return
    if not blocks:
        yield skipped("empty")
        return
    mail_id = ids.claim(mail.message_id, mail.digest)
    if mail_id is None:
        yield skipped("repeated_record")
        return
    yield _document(mail, mail_id, _root(mail, parent_of), blocks, path, context)
    yield from _attachments(mail, path)


def _document(
    mail: Mail, mail_id: str, root: str, blocks: tuple[Block, ...], path: Path, context: ReadContext
) -> RawDocument:
    subject = fold(_header(mail.message, "Subject"))
    return RawDocument(
        document_id=context.document_id(path, mail_id),
        source=context.source,
        kind=DocumentKind.MAIL,
        title=_REPLY_PREFIX.sub("", subject) or subject or title_from_text(blocks[0].text),
        date=context.dated(mail_date(_header(mail.message, "Date"))),
        url=None,
        blocks=blocks,
        thread=f"mail:{root}",
        series=context.series(path),
        content_digest=mail.digest,
        correspondents=_correspondents(mail.message, context),
    )


def _correspondents(message: EmailMessage, context: ReadContext) -> tuple[str, ...]:
    """The names of others in the headers that say from whom to whom; who is told by address alone has none.

    Nobody bears the name that goes with an address which is a machine's or a newsletter's.
    """
    people = getaddresses([_header(message, name) for name in ("From", "To", "Cc")])
    others = (
        _in_order(fold(name))
        for name, address in people
        if not _is_own(name, address, context) and not _NOBODY_S.match(address)
    )
    return tuple(dict.fromkeys(name for name in others if name))


def _in_order(name: str) -> str:
    """`Szy, Ruth` as texts have it: `Ruth Szy`."""
    family, comma, given = name.partition(", ")
    return f"{given} {family}" if comma and "," not in given else name


def _is_own(name: str, address: str, context: ReadContext) -> bool:
    return context.author.is_named(address) or context.author.is_named(name)


def _blocks(message: EmailMessage, path: Path, context: ReadContext) -> tuple[Block, ...]:
    """The blocks of what was written: of its plain version, else of the HTML one."""
    name, address = parseaddr(_header(message, "From"))
    role = context.role_of(context.author.name if _is_own(name, address, context) else None)
    writer = Attribution(role, fold(name) or address or None, MAIL_HEADER)
    # Some programs send the plain part empty.
    found = (_blocks_of(_written(message, version), writer, path) for version in _VERSIONS)
    return next((blocks for blocks in found if blocks), ())


def _written(part: MIMEPart, preferred: str) -> list[MIMEPart]:
    """The text parts that make up what was written, all plain or all HTML.

    Behind a picture that stands in it a text goes on in another part, which has no name as a file has.

    Args:
        part: A mail, or a part of one.
        preferred: The version, `plain` or `html`, that is taken of what is there in both.
    """
    if part.is_attachment() or part.get_content_maintype() not in {"text", "multipart"}:
        return []
    if part.get_content_maintype() == "text":
        return [part] if part.get_content_subtype() in _VERSIONS and _payload(part).strip() else []
    inside = [texts for one in part.iter_parts() if (texts := _written(one, preferred))]
    if part.get_content_subtype() == "alternative":
        inside.sort(key=lambda texts: texts[0].get_content_subtype() != preferred)
    if not inside or part.get_content_subtype() in {"alternative", "related"}:
        return inside[0] if inside else []
    first, *others = (one for texts in inside for one in texts)
    version = first.get_content_subtype()
    return [first, *(one for one in others if one.get_content_subtype() == version and not one.get_filename())]


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _blocks_of(parts: Sequence[MIMEPart], writer: Attribution, path: Path) -> tuple[Block, ...]:
    """The blocks of parts of one version, read as one text: what ends the sender's writing ends it for all of them."""
    texts = [_text_of(part, path) for part in parts]
    if parts and parts[0].get_content_subtype() == "html":
        return html_mail_blocks("<p></p>".join(texts), writer)
    return mail_blocks("\n\n".join(texts), writer)


def _text_of(part: MIMEPart, path: Path) -> str:
    text = decode(_payload(part), path, declared=part.get_content_charset())
    if part.get_content_subtype() == "plain" and str(part.get_param("format")).lower() == "flowed":
        return _unflowed(text, drops_space=str(part.get_param("delsp")).lower() == "yes")
    return text


def _unflowed(text: str, *, drops_space: bool = False) -> str:
    """Join the lines that `format=flowed` marks as one by a space at their end; the signature's mark stays.

    Where `drops_space`, that space belongs to the mark and not to the text: words and addresses are broken inside.
    """
    lines: list[str] = []
    flowing = False
    for line in normalise_newlines(text).split("\n"):
        plain = line[1:] if line.startswith(" ") else line
        if flowing and plain and plain != "-- " and plain.startswith(">") == lines[-1].startswith(">"):
            before = lines[-1][:-1] if drops_space else lines[-1]
            lines[-1] = before + (plain.lstrip("> ") if plain.startswith(">") else plain)
        else:
            lines.append(plain)
        flowing = plain.endswith(" ") and plain != "-- "
    return "\n".join(lines)


def _root(mail: Mail, parent_of: Mapping[str, tuple[str, ...]]) -> str:
    """Id of the mail that began the thread, followed through this mailbox as far as it is known."""
    root, seen = mail.parents[0] if mail.parents else mail.message_id or mail.digest, set[str]()
    while root not in seen and (parents := parent_of.get(root)):
        seen.add(root)
        root = parents[0]
    return root


def _attachments(mail: Mail, path: Path) -> Iterator[Skipped]:
    written = [part for version in _VERSIONS for part in _written(mail.message, version)]
    others = (one for one in mail.message.iter_attachments() if not any(one is part for part in written))
    for number, _ in enumerate(others, start=1):
        where = f"{mail.message_id or mail.digest}/attachment-{number}"
        yield Skipped(path=path, reason="attachment", part=where, digest=mail.digest)


def _is_automatic(message: EmailMessage) -> bool:
    """Whether a machine sent it (RFC 3834)."""
    submitted = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return True
    return bool(_header(message, "X-Autoreply")) or _header(message, "Precedence").lower() in _AUTOMATIC_PRECEDENCE


def _not_sent(message: EmailMessage) -> str | None:
    """Why a mail is none that somebody wrote and sent; None if it is one."""
    if _is_automatic(message):
        return "automatic_mail"
    # Thunderbird leaves what was deleted in the file until it is compacted.
    status = _header(message, "X-Mozilla-Status").strip()
    if re.fullmatch(r"[0-9a-fA-F]{4}", status) and int(status, 16) & _EXPUNGED:
        return "deleted"
    labels = {label.strip(' "').casefold() for label in _header(message, "X-Gmail-Labels").split(",")}
    is_draft = bool(labels & _DRAFT_LABELS) or bool(_header(message, "X-Mozilla-Draft-Info"))
    return "draft" if is_draft else None


def _ids(message: EmailMessage, name: str) -> list[str]:
    return _MESSAGE_ID.findall(_header(message, name))


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; broken ones raise inside the parser and count as absent."""
    try:
        return str(message.get(name, "") or "")
    except (MessageError, LookupError, ValueError, TypeError, AttributeError):
        return ""
