"""Evaluation through the public API: questions, scores with intervals, absolute bars, and the monitoring workspace."""
