from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.platform.untar import unpack_tar


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mode, found.mtime = kind, link, mode, 1_700_000_000
    return found


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., tarfile.TarFile]:
    def pack(*members: tarfile.TarInfo) -> tarfile.TarFile:
        path = tmp_path / "archive.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for one in members:
                one.size = len(one.name) if one.isreg() else 0
                tar.addfile(one, io.BytesIO(one.name.encode()))
        return tarfile.open(path, "r|gz")

    return pack


def test_files_folders_and_inner_links(tmp_path: Path, packed: Callable[..., tarfile.TarFile]) -> None:
    folder = tmp_path / "target"
    tar = packed(
        member("lib", tarfile.DIRTYPE),
        member("lib/deep/jar", mode=0o4777),
        member("lib/alias", tarfile.SYMTYPE, "deep/jar"),
        member("same", tarfile.LNKTYPE, "lib/deep/jar"),
    )
    unpack_tar(tar, folder, links=True)
    jar = folder / "lib" / "deep" / "jar"
    assert jar.read_text() == "lib/deep/jar" == (folder / "lib" / "alias").read_text()
    assert (folder / "same").samefile(jar)
    assert stat.S_IMODE(jar.stat().st_mode) == 0o755 and jar.stat().st_mtime == 1_700_000_000


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("/etc/out")],
        [member("a/../../out")],
        [member("link", tarfile.SYMTYPE, "..")],
        [member("link", tarfile.SYMTYPE, "/etc")],
        [member("in", tarfile.SYMTYPE, "."), member("in/../../out")],
        [member("hard", tarfile.LNKTYPE, "../secret")],
        [member("pipe", tarfile.FIFOTYPE)],
    ],
    ids=lambda members: members[-1].name,
)
@pytest.mark.parametrize("links", [True, False])
def test_nothing_leads_out(
    tmp_path: Path, packed: Callable[..., tarfile.TarFile], members: list[tarfile.TarInfo], links: bool
) -> None:
    (tmp_path / "secret").write_text("kept")
    before = {path.name for path in tmp_path.iterdir()} | {"archive.tar.gz", "target"}
    with pytest.raises(tarfile.TarError):
        unpack_tar(packed(*members), tmp_path / "target", links=links)
    assert {path.name for path in tmp_path.iterdir()} == before and not Path("/etc/out").exists()


def test_links_are_refused_unless_wanted(tmp_path: Path, packed: Callable[..., tarfile.TarFile]) -> None:
    with pytest.raises(tarfile.TarError, match="'alias' is neither a file nor a folder"):
        unpack_tar(packed(member("file"), member("alias", tarfile.SYMTYPE, "file")), tmp_path / "target")
