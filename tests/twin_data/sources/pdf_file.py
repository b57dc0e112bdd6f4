"""PDF files with text at given places, in the two standard fonts that need no embedding."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT = 420, 595


@dataclass(frozen=True)
class Placed:
    """A line of text with its left end and its distance from the page's upper edge, in points."""

    x: float
    y: float
    text: str
    size: float = 11
    bold: bool = False
    raised: bool = False


def column(*lines: str, x: float = 50, y: float = 80, size: float = 11, leading: float = 14) -> list[Placed]:
    """Lines set under each other; an empty one leaves a gap, and spaces at the start indent."""
    return [
        Placed(x + 8 * (len(line) - len(line.lstrip())), y + leading * number, line.lstrip(), size)
        for number, line in enumerate(lines)
        if line
    ]


def pdf_file(
    *pages: list[Placed], information: dict[str, str] | None = None, encrypted: bool = False, pictures: int = 0
) -> bytes:
    """The bytes of a file with these pages, then as many that hold but a picture."""
    objects = [
        "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Bold /Encoding /WinAnsiEncoding >>",
        _stream(
            "\x00", "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
        ),
    ]
    contents = ["\n".join(map(_shown, page)) for page in pages] + ["q 300 0 0 400 50 90 cm /I1 Do Q"] * pictures
    kids = []
    parent = len(objects) + 2 * len(contents) + 1
    for content in contents:
        objects.append(_stream(content))
        resources = "/Font << /F1 1 0 R /F2 2 0 R >> /XObject << /I1 3 0 R >>"
        objects.append(
            f"<< /Type /Page /Parent {parent} 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
            f"/Resources << {resources} >> /Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects.append(f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>")
    objects.append(f"<< /Type /Catalog /Pages {parent} 0 R >>")
    trailer = f"/Root {len(objects)} 0 R"
    if information:
        fields = " ".join(f"/{name} ({_escaped(value)})" for name, value in information.items())
        objects.append(f"<< {fields} >>")
        trailer += f" /Info {len(objects)} 0 R"
    if encrypted:  # a user's password that nobody knows
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{'00' * 32}> /U <{'11' * 32}> >>")
        trailer += f" /Encrypt {len(objects)} 0 R /ID [<{'22' * 16}> <{'22' * 16}>]"
    return _assembled(objects, trailer)


def _assembled(objects: list[str], trailer: str) -> bytes:
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} {trailer} >>\n"
    return data + f"{end}startxref\n{len(data)}\n%%EOF\n".encode()


def _stream(content: str, fields: str = "") -> str:
    return f"<< /Length {len(content.encode('cp1252'))} {fields} >>\nstream\n{content}\nendstream"


def _shown(line: Placed) -> str:
    font = "F2" if line.bold else "F1"
    rise = f"{line.size * 0.5:g} Ts " if line.raised else ""
    return f"BT /{font} {line.size:g} Tf {rise}{line.x:g} {HEIGHT - line.y:g} Td ({_escaped(line.text)}) Tj ET"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
