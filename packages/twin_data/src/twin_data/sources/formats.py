"""The formats, in the order in which they are asked for a file."""

from __future__ import annotations

from twin_data.sources.chat_assistant import ChatAssistantReader
from twin_data.sources.docx import DocxReader
from twin_data.sources.feeds import FeedReader
from twin_data.sources.github_reviews import GitHubReviewsReader
from twin_data.sources.html import HtmlReader
from twin_data.sources.jsonl import JsonlReader
from twin_data.sources.linkedin import LinkedInReader
from twin_data.sources.mail_folder import MailFolderReader
from twin_data.sources.markdown import MarkdownReader
from twin_data.sources.mastodon import MastodonReader
from twin_data.sources.mbox import MailReader
from twin_data.sources.medium import MediumReader
from twin_data.sources.notion import NotionReader
from twin_data.sources.pdf import PdfReader
from twin_data.sources.plain_text import PlainTextReader
from twin_data.sources.reader import Reader
from twin_data.sources.slack import SlackReader
from twin_data.sources.srt import SrtReader
from twin_data.sources.substack import SubstackReader
from twin_data.sources.tables import TableReader
from twin_data.sources.telegram import TelegramReader
from twin_data.sources.vault import VaultReader
from twin_data.sources.vtt import VttReader
from twin_data.sources.wordpress import WordPressReader
from twin_data.sources.x_archive import XArchiveReader


def default_readers() -> tuple[Reader, ...]:
    """Every format that can be read. A new one is a module with a reader, and a line here."""
    return (
        SlackReader(),
        MailFolderReader(),
        VaultReader(),
        MastodonReader(),
        MediumReader(),
        SubstackReader(),
        XArchiveReader(),
        NotionReader(),
        # Before the formats of single files: the pages and tables of these exports are no articles of the persona's.
        ChatAssistantReader(),
        LinkedInReader(),
        TelegramReader(),
        WordPressReader(),
        MarkdownReader(),
        HtmlReader(),
        DocxReader(),
        PdfReader(),
        FeedReader(),
        VttReader(),
        SrtReader(),
        GitHubReviewsReader(),
        MailReader(),
        JsonlReader(),
        TableReader(),
        PlainTextReader(),
    )
