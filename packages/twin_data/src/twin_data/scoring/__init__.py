"""Torch-free scorers that generation, serving, evaluation and monitoring share."""
