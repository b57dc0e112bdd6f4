from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import Role
from twin_data.sources.mail_text import html_mail_blocks, mail_blocks
from twin_data.sources.reader import Attribution

NORA = Attribution(Role.OWN, "Nora", "mail header")


NOTES = """\
It is too cold.

             Ruth Szy
             <ruth@harbour.example>
             11.04.2021 21:12                                           To
                                       Nora <nora@harbour.example>
                                                                        cc

                                                                   Subject
                                       Concrete

Can we pour the slab?
"""
NOTES_IN_A_LINE = NOTES.replace("             <ruth@harbour.example>\n", "")
PIPED = "Dear Ruth,\n\nRuth wrote:\n| Should the stairs move?\n\nNo.\n\n| And the window?\n\nYes.\n\n| a | b |\n"
PROTON = """\
Prop it first.

‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐
On Sunday, April 11th, 2021 at 9:12 PM, Ruth Szy <ruth@harbour.example> wrote:

{mark}Can the frame go?
"""


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (NOTES, ["It is too cold."]),
        (NOTES_IN_A_LINE, ["It is too cold."]),
        (PIPED, ["Dear Ruth,", "No.", "Yes.", "| a | b |"]),
        (PROTON.format(mark="> "), ["Prop it first."]),
        (PROTON.format(mark=""), ["Prop it first."]),
        ("A table:\n\n| a | b\n| c | d\n", ["A table:", "| a | b\n| c | d"]),
        (
            "At 10:30, 3 May 2021 we met.\n\nSubject\n\nThe gate.\n",
            ["At 10:30, 3 May 2021 we met.", "Subject", "The gate."],
        ),
        ("--- Old rules ---\n\nRing twice.\n", ["--- Old rules ---", "Ring twice."]),
    ],
)
def test_answered_mails_of_less_common_programs(text: str, own: list[str]) -> None:
    assert [one.text for one in mail_blocks(text, NORA) if one.role is Role.OWN] == own


def test_a_long_line_of_figures_is_read_at_once() -> None:
    figures = " ".join(["1066"] * 40_000)
    (block,) = mail_blocks(figures, NORA)
    assert block.text == figures


def test_a_title_above_an_answered_mail_in_html_is_none_of_the_sender_s() -> None:
    text = (
        "<div>Prop it.</div><div>------- Original Message -------</div>"
        "<div>On Sunday, April 11th, 2021 at 9:12 PM, Ruth Szy &lt;ruth@x.example&gt; wrote:</div>"
        "<blockquote><p>Can the frame go?</p></blockquote>"
    )
    assert [one.text for one in html_mail_blocks(text, NORA) if one.role is Role.OWN] == ["Prop it."]


FORWARD = """\
See below; I'd say yes.

---------- Forwarded message ---------
From: Septimus <s@law.example>
Subject: Licence

No obstacle.
"""


def test_forwarded_parts_are_not_the_senders() -> None:
    blocks = mail_blocks(FORWARD, NORA)
    assert [(block.role, block.basis) for block in blocks] == [
        (Role.OWN, "mail header"),
        (Role.OTHER, "forwarded"),
        (Role.OTHER, "forwarded"),
    ]


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("On 3 Jan 2022, at 10:15, Ruth Szy <r@x.example> wrote:", "Ruth Szy"),
        ("On Tue, Feb 1, 2022 at 9:03 AM Ruth Szy <r@x.example> wrote:", "Ruth Szy"),
        ("On 2022-01-03 10:15, r@x.example wrote:", "r@x.example"),
        ("On Wednesday, 5 May 2021, May Martin-Friday wrote:", "May Martin-Friday"),
        ("Ruth Szy wrote:", "Ruth Szy"),
    ],
)
def test_attribution_lines(line: str, author: str) -> None:
    blocks = mail_blocks(f"{line}\n> Quoted.\n\nMine.\n", NORA)
    assert [(block.role, block.author) for block in blocks] == [
        (Role.QUOTED, author),
        (Role.QUOTED, author),
        (Role.OWN, "Nora"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        "On Mon, May 3, 2021 at 10:00 AM Ruth Szy <r@x.example>\nwrote:",
        "On Mon, May 3, 2021 at 10:00 AM Ruth Szy <\nr@x.example> wrote:",
        "On Mon, May 3, 2021 at 10:00 AM Ruth Szy\n<r@x.example>\nwrote:",
        "Am Mo., 3. Mai 2021 um 10:00 Uhr schrieb Ruth Szy <r@x.example>\n:",
    ],
)
def test_answers_below_a_wrapped_attribution_are_the_senders(lines: str) -> None:
    blocks = mail_blocks(f"{lines}\n\n> Shall we?\n>\nWe shall.\n\n> And who?\nI.\n", NORA)
    assert [one.text for one in blocks if one.role is Role.OWN] == ["We shall.", "I."]
    assert [one.text for one in blocks if one.role is Role.QUOTED][1:] == ["Shall we?", "And who?"]
    assert {one.author for one in blocks if one.role is Role.QUOTED} == {"Ruth Szy"}


def test_a_sentence_that_ends_in_wrote_is_the_senders() -> None:
    blocks = mail_blocks("On the wall, in green, somebody wrote:\n\nNo gate moves.\n", NORA)
    assert {block.role for block in blocks} == {Role.OWN}


LINES = st.lists(st.text(st.sampled_from("ab >-—’.:\n"), max_size=30).map(lambda text: text.replace("\n", " ")))


@settings(deadline=None)
@given(LINES)
def test_no_visible_character_of_a_mail_is_lost(lines: list[str]) -> None:
    """Whatever its lines look like, only quote marks and the signature's dashes go."""
    blocks = mail_blocks("\n".join(lines), NORA)
    found = "".join(char for block in blocks for char in block.text if char in "ab’.:")
    assert found == "".join(char for line in lines for char in line if char in "ab’.:")


def outline(text: str) -> list[tuple[str, str]]:
    return [(one.role.value, one.text) for one in mail_blocks(text, NORA)]


HEADERS = "From: Hedda Quill\nSent: Monday, 3 June 2024 10:00\nTo: Nora\nSubject: Gates\n"


def test_headers_without_a_rule_above_begin_anothers_mail() -> None:
    text = f"See below.\n\n{HEADERS}\nPlease shut it.\n"
    assert outline(text) == [("own", "See below."), ("other", HEADERS.strip()), ("other", "Please shut it.")]


def test_a_signature_without_its_space_may_stand_above_the_answered_mail() -> None:
    signature = "--\nNora Fenwick\nHarbour Co-op"
    below = "On Mon, 12 Feb 2018 at 09:00, Gregor <g@x.example> wrote:\n" + "> A line of what he wrote.\n" * 12
    blocks = mail_blocks(f"Forty sacks, yes.\n\n{signature}\n\n{below}", NORA)
    assert [one.text for one in blocks if one.role is Role.OWN] == ["Forty sacks, yes."]
    rule = "Forty sacks, yes.\n\n--\n\n" + "And a line of mine.\n\n" * 12
    assert len([one for one in mail_blocks(rule, NORA) if one.role is Role.OWN]) == 14


def test_a_full_name_above_an_office_signs_a_mail() -> None:
    nora = Attribution(Role.OWN, "Fenwick, Nora", "mail header")
    office = "Nora Fenwick\nSenior keeper | Harbour Co-op"
    for text in (f"Count the cells.\n\nNora\n\n{office}", f"Count the cells.\n\nNora\n\n{office}\n\n-- \nHarbour"):
        own = [one.text for one in mail_blocks(text, nora) if one.role is Role.OWN]
        assert own == ["Count the cells.", "Nora"]
    page = "<p>Count the cells.</p><p>Nora</p><p><b>Nora Fenwick</b><br>Senior keeper | Harbour Co-op</p>"
    assert [one.text for one in html_mail_blocks(page, nora) if one.role is Role.OWN] == ["Count the cells.", "Nora"]
    for kept in (office, "Count the cells.\n\nNora Fenwick", f"{office}\n\nCount the cells."):
        assert "Nora Fenwick" in "".join(one.text for one in mail_blocks(kept, nora) if one.role is Role.OWN)


def test_a_line_that_begins_like_a_header_is_the_senders() -> None:
    text = "From: the lock\nto the mill, all was quiet.\nI slept.\n"
    assert {role for role, _ in outline(text)} == {"own"}


def test_an_answered_mail_without_marks_ends_the_senders_words() -> None:
    text = "Until it floats.\n\nOn Wed, 5 Jun 2024 at 19:44, Tobias Renn <t@renn.example> wrote:\n\nHow much salt?\n"
    found = mail_blocks(text, NORA)
    assert [(one.role, one.author) for one in found] == [
        (Role.OWN, "Nora"), (Role.OTHER, "Tobias Renn"), (Role.OTHER, "Tobias Renn")
    ]  # fmt: skip


def test_a_sentence_with_a_day_that_ends_in_wrote_is_the_senders() -> None:
    text = "I looked it up.\n\nOn the third of May she came by, and this is what she wrote:\n\nnothing at all.\n"
    assert {role for role, _ in outline(text)} == {"own"}


def test_what_a_telephone_adds_is_no_writing() -> None:
    assert outline("They found the frog.\n\nSent from my iPhone\n\nMore.")[1] == ("other", "Sent from my iPhone")


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("Am 11.03.2021 um 18:05 schrieb Ruth Szy <r@x.example>:", "Ruth Szy"),
        ("Le jeu. 11 mars 2021 à 18:05, Ruth Szy <r@x.example> a écrit\u00a0:", "Ruth Szy"),
        ("El jue, 11 mar 2021 a las 18:05, Ruth Szy (<r@x.example>) escribió:", "Ruth Szy"),
        ("Il giorno gio 11 mar 2021 alle ore 18:05 Ruth Szy <r@x.example> ha scritto:", None),
        ("Op do 11 mrt. 2021 om 18:05 schreef Ruth Szy <r@x.example>:", "Ruth Szy"),
        ("Den tors 11 mars 2021 kl 18:05 skrev Ruth Szy <r@x.example>:", "Ruth Szy"),
    ],
)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_attribution_lines_of_other_languages(line: str, author: str | None, mark: str) -> None:
    """None of the answered mail is the sender's, whether its lines are marked or not."""
    blocks = mail_blocks(f"Mine — all of it.\n\n{line}\n\n{mark}Theirs.\n", NORA)
    assert [one.text for one in blocks if one.role is Role.OWN] == ["Mine — all of it."]
    assert author is None or {one.author for one in blocks[1:]} == {author}


@pytest.mark.parametrize(
    "headers",
    [
        "-----Ursprüngliche Nachricht-----\nVon: R\nGesendet: Montag, 3. Juni 2024 10:00\nAn: Nora\nBetreff: Tor\n",
        "De : R\nEnvoyé : lundi 3 juin 2024 10:00\nÀ : Nora\nObjet : porte\n",
        "Anfang der weitergeleiteten Nachricht:\n\n> Von: R\n> Betreff: Tor\n> Datum: 3. Juni 2024\n",
        "---------- Messaggio inoltrato ---------\nDa: R\nData: lun 3 giu 2024\nOggetto: porta\n",
    ],
)
def test_headers_in_other_languages_begin_anothers_mail(headers: str) -> None:
    blocks = mail_blocks(f"See below.\n\n{headers}\nIt is shut.\n", NORA)
    assert [one.text for one in blocks if one.role is Role.OWN] == ["See below."]
    assert {one.basis for one in blocks[1:]} == {"forwarded"}


@pytest.mark.parametrize(
    "line",
    ["Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Sent from Mail for Windows", "Sent with Proton Mail"],
)
def test_what_programs_add_in_other_words(line: str) -> None:
    assert outline(f"It floats.\n\n{line}\n") == [("own", "It floats."), ("other", line)]


def test_a_sentence_with_a_day_and_no_time_that_ends_in_wrote_is_the_senders() -> None:
    text = "Here it is.\n\nOn 3 May 2019 I gave a talk. Somebody wrote:\n\nShe was great.\n\nSent with love,\nNora\n"
    assert {role for role, _ in outline(text)} == {"own"}


@pytest.mark.parametrize(
    "text",
    [
        "Sent with the Windows of the house open.\n\nGesendet habe ich es gestern, per Outlook.",
        "Am Freitag um 10:30 schrieb ich das.\n\nLe 3 mars à 10:30 il a écrit :\n\nun texte.",
        "To: make bread\nFrom: flour\nDate: today\n\nThen bake.",
        "----- Answers -----\nA: because.\n\nMore of it.",
        "I saw it — On Friday at 10:30 she wrote:\n\nno more.",
        "--------------------\n\nMine.\n\n____________________\n\nMore.",
    ],
)
def test_what_only_looks_like_a_programs_mark_is_the_senders(text: str) -> None:
    assert {role for role, _ in outline(f"Dear Ruth,\n\n{text}\n")} == {"own"}


OUTLOOK = (
    "<b>From:</b> Ruth &lt;r@x.example&gt;<br><b>Sent:</b> Monday, 3 June 2024 10:00<br><b>To:</b> Nora<br>"
    "<b>Subject:</b> Gates"
)


@pytest.mark.parametrize(
    "html",
    [
        f"<div><p class=MsoNormal>Mine.</p><div style='border-top:solid'><p>{OUTLOOK}</p></div><p>Theirs.</p></div>",
        f"<div>Mine.<br><br>{OUTLOOK}</div><div>Theirs.</div>",
        "<p>Mine.</p>" + "".join(f"<p>{line}</p>" for line in OUTLOOK.split("<br>")) + "<p>Theirs.</p>",
        f"<div>Mine.</div><div id='Signature'><p>Nora, Lock House</p></div><div id=divRplyFwdMsg>{OUTLOOK}</div>Theirs.",
        "<div>Mine.</div><div>On Mon, 3 June 2024, 10:00:00 GMT, Ruth &lt;r@x.example&gt; wrote:</div><p>Theirs.</p>",
        "<div>Mine.<div class='gmail_signature'>Nora<br>Lock House</div></div><blockquote>Theirs.</blockquote>",
        "<div>Mine.<br>Sent from my iPhone</div><blockquote>Theirs.</blockquote>",
        "<p>Mine.</p><p>&gt; Theirs.<br>&gt; Again.</p>",
    ],
)
def test_html_mails_end_where_programs_begin(html: str) -> None:
    assert [one.text for one in html_mail_blocks(html, NORA) if one.role is Role.OWN] == ["Mine."]


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("2013/5/3 Ruth Szy <r@x.example>", "r@x.example"),
        ("Em qui., 11 de mar. de 2021 às 18:05, <r@x.example> escreveu:", "r@x.example"),
        ("2021年3月11日(木) 18:05 Ruth Szy <r@x.example>:", None),
        ("Ruth Szy <r@x.example> schrieb am Do., 11. März 2021, 18:05:", "Ruth Szy"),
        ("Quoting Ruth Szy <r@x.example>:", None),
    ],
)
def test_an_address_above_a_quotation_attributes_it(line: str, author: str | None) -> None:
    blocks = mail_blocks(f"Mine.\n\n{line}\n\n> Theirs.\n", NORA)
    assert [one.text for one in blocks if one.role is Role.OWN] == ["Mine."]
    assert author is None or {one.author for one in blocks[1:]} == {author}


def test_headers_may_begin_with_the_day() -> None:
    text = (
        'Mine.\n\nGesendet: Montag, 3. Juni 2024 um 10:00 Uhr\nVon: "R" <r@x.example>\nAn: N\nBetreff: Tor\n\nTheirs.\n'
    )
    assert [one.text for one in mail_blocks(text, NORA) if one.role is Role.OWN] == ["Mine."]


def test_what_a_mailing_list_adds_is_no_writing() -> None:
    rule = "_" * 47
    assert outline(f"Mine.\n\n{rule}\nharbour mailing list\nharbour@x.example\n")[0] == ("own", "Mine.")
    assert outline(f"Mine.\n\n{rule}\nharbour mailing list\nharbour@x.example\n")[1][0] == "other"
    assert outline(f"Mine.\n\n{rule}\n\nAlso mine.\n")[-1] == ("own", "Also mine.")


def test_a_signed_mail_is_what_was_signed() -> None:
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nMine.\n- --\n-----BEGIN PGP SIGNATURE-----\n\niQ=\n=ab\n"
    )
    blocks = mail_blocks(text + "-----END PGP SIGNATURE-----\n", NORA)
    assert [(one.role, one.text) for one in blocks] == [(Role.OWN, "Mine.")]
