from __future__ import annotations

import pytest

from twin_data.scoring.addressee import speaks_to_the_persona


@pytest.mark.parametrize(
    ("sentence", "evidence", "expected"),
    [
        ("Ruth thinks you a slave to the lock.", "Ruth thinks me a slave to the lock.", True),
        ("It was your lock that leaked.", "It was our lock that leaked.", True),
        ("I'm glad you're asking: the lock leaked.", "The lock leaked.", True),
        (
            "If you leave a post alone it turns black.",
            "If you leave a thing alone, it will soon be a black post.",
            False,
        ),
        ("Ruth thinks me a slave to the lock.", "Ruth thinks me a slave to the lock.", False),
        ("The youth of the lock is over.", "The lock was young.", False),
    ],
)
def test_who_is_spoken_to(sentence: str, evidence: str, expected: bool) -> None:
    assert speaks_to_the_persona(sentence, evidence) is expected
