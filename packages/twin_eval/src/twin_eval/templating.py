"""The templates of this package's pages, each one self-contained HTML file."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(name: str) -> Template:
    """A template that escapes all that it is given: answers and questions are other people's text."""
    environment = Environment(
        loader=PackageLoader("twin_eval"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
