"""Folders of single mails (`.eml`), read as one, so that a thread holds together over files and subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from twin_data.sources.mbox import MAIL_SUFFIX, Mail, mail_of, read_mail
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped, Unreadable


class MailFolderReader:
    """One document a mail, as from a mailbox. A folder with anything but mails in it is read file by file."""

    name = "mail_folder"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether this folder and those below hold mails and nothing else; hidden files do not count."""
        found = False
        for parent, folders, names in os.walk(path):
            if any(Path(parent, name).is_symlink() for name in (*folders, *names)):
                return False
            visible = [name for name in names if not name.startswith(".")]
            if any(not name.lower().endswith(MAIL_SUFFIX) for name in visible):
                return False
            found = found or bool(visible)
        return found

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a mail; a file that cannot be read is passed over, the others are read."""
        files = sorted(one for one in path.rglob("*") if one.is_file())
        parent_of: dict[str, tuple[str, ...]] = {}
        for file in files:  # mails are read twice rather than held: a folder may have gigabytes of attachments
            if isinstance(mail := _read(file, context), Mail) and mail.message_id:
                parent_of[mail.message_id] = mail.parents
        for file in files:
            mail = _read(file, context)
            if isinstance(mail, Skipped):
                yield mail
            else:
                yield from read_mail(mail, parent_of, file, context, RecordIds())


def _read(file: Path, context: ReadContext) -> Mail | Skipped:
    if file.name.startswith("."):
        return Skipped(path=file, reason="hidden")
    try:
        return mail_of(context.read_bytes(file))
    except Unreadable as error:
        return Skipped(path=file, reason=error.reason)
