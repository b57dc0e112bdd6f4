"""Figures that parent and training processes share."""

from __future__ import annotations

KEPT_CHECKPOINTS = 2
"""The newest, and the one before it in case that is not whole."""
