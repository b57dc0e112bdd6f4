"""Held-out questions made of a persona's own corpus by rules: worded, checked, deduplicated and certified."""
