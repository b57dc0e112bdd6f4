"""The one renderer. Its digest is in every bundle, and serving refuses a bundle rendered by another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

import jinja2
import regex

from twin_data.contracts.answers import Turn
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value

TEMPLATES = Path(__file__).parent / "templates"
_CONTROL = regex.compile(
    r"<(?=[|｜][^<>\n]{1,40}[|｜]>|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|</?SYS>>)|\[(?=/?INST\])"
)
"""Where a word begins that chat models keep for themselves: ends of turns and roles, as ChatML, Llama, Mistral, Gemma
and DeepSeek write them. A tokenizer takes it for the real one wherever it stands."""


class Message(Contract):
    """One message of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class PromptExchange(Protocol):
    """An example that a prompt may show: what was asked, and what the persona wrote on it."""

    @property
    def asked(self) -> str:
        """The question or the brief."""

    @property
    def response(self) -> str:
        """The persona's own words."""


class PromptPassage(Protocol):
    """What a template may show of a passage."""

    @property
    def context(self) -> str:
        """The line that places the passage."""

    @property
    def text(self) -> str:
        """The passage itself."""


def render_answer(
    *,
    display_name: str,
    style_notes: str,
    question: str,
    passages: Sequence[PromptPassage],
    history: Sequence[Turn] = (),
    examples: Sequence[PromptExchange] = (),
) -> tuple[Message, ...]:
    """The prompt for one answer: system, examples, earlier turns, then the passages and the question.

    What does not change between questions comes first, so that the server's prefix cache can hold it. Examples stand as
    turns of their own (Brown et al., 2020, in the form of a chat), without passages.
    """
    system = _system("answer", display_name, style_notes, passages)
    shown = [turn for one in examples for turn in _exchange(_answer_user(one.asked, ()), one.response)]
    return system, *shown, *_earlier(history), _answer_user(question, passages)


def render_write(
    *,
    display_name: str,
    style_notes: str,
    brief: str,
    passages: Sequence[PromptPassage],
    history: Sequence[Turn] = (),
    examples: Sequence[PromptExchange] = (),
) -> tuple[Message, ...]:
    """The prompt for one text in the voice: a post, a reply, a review."""
    system = _system("write", display_name, style_notes, passages)
    shown = [turn for one in examples for turn in _exchange(_write_user(one.asked, ()), one.response)]
    return system, *shown, *_earlier(history), _write_user(brief, passages)


def without_control(text: str) -> str:
    """A text that can end no turn and begin none: a document or a question may hold the words that do."""
    return _CONTROL.sub(lambda found: f"{found[0]} ", text)


def _answer_user(question: str, passages: Sequence[PromptPassage]) -> Message:
    text = _template("answer.user").render(passages=passages, question=question)
    return Message(role="user", content=without_control(text.strip()))


def _write_user(brief: str, passages: Sequence[PromptPassage]) -> Message:
    text = _template("write.user").render(passages=passages, brief=brief)
    return Message(role="user", content=without_control(text.strip()))


def _exchange(asked: Message, response: str) -> tuple[Message, Message]:
    return asked, Message(role="assistant", content=without_control(response))


def _system(mode: str, display_name: str, style_notes: str, passages: Sequence[PromptPassage]) -> Message:
    text = _template(f"{mode}.system").render(
        display_name=display_name, style_notes=style_notes.strip(), grounded=bool(passages)
    )
    return Message(role="system", content=text.strip())


def _earlier(history: Sequence[Turn]) -> tuple[Message, ...]:
    return tuple(
        Message(role=turn.role, content=without_control(turn.content)) for turn in history if turn.role != "system"
    )


@cache
def prompt_digest() -> str:
    """SHA-256 over every template's name and text."""
    return digest_value([[path.name, path.read_text("utf-8")] for path in template_files()])


def template_files() -> tuple[Path, ...]:
    """The template files, in order of name."""
    return tuple(sorted(TEMPLATES.glob("*.j2")))


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
    )


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(f"{name}.j2")
