"""What a base model's own chat template is told wherever it renders: in training and in serving alike."""

from __future__ import annotations

from typing import Any

CHAT_TEMPLATE_SWITCHES: dict[str, Any] = {"enable_thinking": False}
"""Models that may think aloud before they answer (Qwen3 and its like) answer at once: thoughts would take the tokens of
an answer, be searched for claims, and a twin trained without them would write the marks of empty ones. Templates that
know no such switch ignore it."""
