"""Prompt templates and their one renderer, shared by generation, training, evaluation and serving."""
