"""Contracts, stores, prompts, scoring, sources and transforms that every part of a twin shares."""
