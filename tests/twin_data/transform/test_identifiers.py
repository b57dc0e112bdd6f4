from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.transform.identifiers import Finding, find_identifiers

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7Zx0123456789abcdef\nabcd==\n-----END RSA PRIVATE KEY-----"


_MIXED = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6lM9oP"
MARKED_KEYS = [
    "AIza" + _MIXED[:35],
    "hf_" + _MIXED[:34],
    "sk-ant-api03-" + _MIXED + "-" + _MIXED,
    "sk-proj-" + _MIXED,
    "sk-" + _MIXED,
    "github_pat_" + _MIXED[:22] + "_" + _MIXED,
    "npm_" + _MIXED[:36],
    "glpat-" + _MIXED[:24],
    "lin_api_" + _MIXED,
    "dop_v1_" + "0123abcd" * 8,
    "shpat_" + "0123abcd" * 4,
    "ya29." + _MIXED,
    "AGE-SECRET-KEY-1" + _MIXED.upper() + "QPZRY9X8GF2TVDW0S3",
]


def kinds(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find_identifiers(text, None)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to b.trew@trewinks.example, mornings", "email", "b.trew@trewinks.example"),
        ("<zoë.o'hara+x@mail.münchen.example>", "email", "hara+x@mail.münchen.example"),
        ("_ada@x.example_", "email", "_ada@x.example"),
        ("an ada@x.example-like address", "email", "ada@x.example"),
        ("mailto:ada@xn--bcher-kva.example?x", "email", "ada@xn--bcher-kva.example"),
        ("on +44 1632 960147, mornings", "phone", "+44 1632 960147"),
        ("on +44 (0)1632 960114.", "phone", "+44 (0)1632 960114"),
        ("0044 1632 960114", "phone", "0044 1632 960114"),
        ("Tel: 01632 960114", "phone", "01632 960114"),
        ("since 2024 01632 960 114", "phone", "01632 960 114"),
        ("07700 900123", "phone", "07700 900123"),
        ("020 7946 0958", "phone", "020 7946 0958"),
        ("(555) 867-5309", "phone", "(555) 867-5309"),
        ("555-867-5309", "phone", "555-867-5309"),
        ("+1 (555) 867-5309", "phone", "+1 (555) 867-5309"),
        ("030 12345678", "phone", "030 12345678"),
        ("0151/23456789 ab acht", "phone", "0151/23456789"),
        ("06-12345678", "phone", "06-12345678"),
        ("01 23 45 67 89 le soir", "phone", "01 23 45 67 89"),
        ("01.23.45.67.89, le soir", "phone", "01.23.45.67.89"),
        ("My cell is 98765 43210, ring", "phone", "98765 43210"),
        ("mobile: 612 345 678.", "phone", "612 345 678"),
        ("Tel. 5550199 (evenings)", "phone", "5550199"),
        ("WhatsApp number: +1 5550 1992", "phone", "+1 5550 1992"),
        ("paid with 4111 1111 1111 1111.", "card", "4111 1111 1111 1111"),
        ("paid with 378282246310005.", "card", "378282246310005"),
        ("GB82 WEST 1234 5698 7654 32", "account", "GB82 WEST 1234 5698 7654 32"),
        ("ssh into 192.168.1.20 now", "ip", "192.168.1.20"),
        ("at fe80::1 or so", "ip", "fe80::1"),
        ("TOKEN=ghp_" + "a1" * 18, "secret", "ghp_" + "a1" * 18),
        ("key AKIAQ7WENDTIDE42MARL was", "secret", "AKIAQ7WENDTIDE42MARL"),
        ("password: hunter2hunter", "secret", "hunter2hunter"),
        ("DB_PASSWORD=hunter2abc9", "secret", "hunter2abc9"),
        ('{"password": "hunter2abc9"}', "secret", "hunter2abc9"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPx", "secret", "wJalrXUtnFEMI/K7MDENG/bPx"),
        (f"see\n{KEY}\nabove", "secret", KEY),
        *((f"with {key} in it", "secret", key) for key in MARKED_KEYS),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "secret", "dXNlcjpwYXNzd29yZA=="),
        ("send Bearer lx46PDhg7Jj6vPUPMAJt along", "secret", "lx46PDhg7Jj6vPUPMAJt"),
        ("the password is hunter2hunter, ok", "secret", "hunter2hunter"),
        ("pw: Tr0ub4dor&3", "secret", "Tr0ub4dor&3"),
        ("ada [at] x.example, mornings", "email", "ada [at] x.example"),
        ("ada.l(at)x(dot)example", "email", "ada.l(at)x(dot)example"),
    ],
)
def test_what_is_found(text: str, kind: str, value: str) -> None:
    assert kinds(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "on 2021-03-07 2021-04-08 and 01/02/2023 and 14.03.2024",
        "from 1914-1918 to 2021-2023, at 05:30 and 12:30:45",
        "£1,310.50, £212,000, 1 210 000, 12 000 000 000 and 1 012 345 678",
        "+5.83 cm, -0.2, +10.0 and 1,411 of 1,412",
        "+3 2021-03-07",
        "version 1.2.3.4, v10.0.0.1, release 8.45.12.1, Chrome/120.0.0.0",
        "section 4.1.2.3, § 1.2.3.4 and firmware 2.0.1.7",
        "listening on 127.0.0.1:8080, ::1 and 0.0.0.0, mask 255.255.255.0",
        "my phone has 128 GB, my mobile costs 24.99 a month since 2021-03-07, and the cell 12 by 14",
        "phone 12 Pro; mobile 2021, 2022, 2023; Tel Aviv 1909; the cell: 3.14159265",
        "mobile 2019-2021, phone: 2021-03-07, cell: 12.03.2021 and per cell: 10 000 000",
        "01 02 03 and 05 10 15 20 25 30, 1 01 23 45 67 89",
        "ISBN 0-306-40615-2 and 0306406152, order 0042 123456, 007 agents",
        "ISBN 978-0-306-40615-7, doi:10.1145/3372297.3417880",
        "1614673843.320100 or 1640055777570 or 7216353683608279815",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "parts[1::2], rows[::2] and a[0:10:2]",
        "std::vector and a::b and dead::beef and x :: y",
        "tides at 04:12 04:55 05:30 and 23:59-00:30",
        "the token: 2024-11-08; the secret: patience; a password manager",
        "token: https://example.org/v1/tokens12",
        "@ada said so @ 5 o'clock",
        "the bearer of bad news-2021, basic understanding2 of it; pw of 12; the password is required",
        "the well-known-and-much-loved 2021-03-07T12:00:00 and img-20210503-123456789012345678901234",
        "sk-learn, sk-based, hf_hub, npm_config_registry, a state-of-the-art-Transformer2017 and id-0123456789abcdef0123456789abcdef",
        "100 200 3000 and 12.30-14.45",
    ],
)
def test_what_is_no_identifier(text: str) -> None:
    assert kinds(text) == []


def test_findings_that_overlap_are_blanked_as_one() -> None:
    text = "https://ada:pass1word@host.example/x"
    assert kinds(text) == [("secret", "://ada:pass1word@host.example")]


@given(st.lists(st.sampled_from(["a@x.example", "+44 1632 960147", "AKIAQ7WENDTIDE42MARL", "tide", "@", "1", " "])))
def test_findings_are_in_order_and_apart(parts: list[str]) -> None:
    text = "".join(parts)
    found = find_identifiers(text, None)
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))
    assert all(0 <= one.start < one.end <= len(text) for one in found)


def test_a_placeholder_says_only_the_kind() -> None:
    assert Finding(0, 5, "email").placeholder == "[email]"
    assert kinds("[email] or [phone] or [secret]") == []
