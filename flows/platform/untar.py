"""Tar archives unpacked below a folder and nowhere else.

What PEP 706's filter `data` does, which Python's tarfile has from 3.11.4 on: Debian 12 comes with 3.11.2.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

_MODE, _OWN = 0o755, 0o600
"""What of a file's mode is kept, and what its owner may do in any case."""


def unpack_tar(tar: tarfile.TarFile, folder: Path, *, links: bool = False) -> None:
    """Unpack every member; a stream is read once, in order.

    Args:
        tar: An opened archive.
        folder: Where; made if need be.
        links: Whether links are taken that stay inside the folder; else only files and folders are.

    Raises:
        TarError: A member leads out of the folder, or is of another kind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.resolve()
    for member in tar:
        target = _inside(root, root / member.name, member)
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if member.isreg():
            _write(tar, member, target)
        elif links and member.issym():
            _inside(root, target.parent / member.linkname, member)
            target.symlink_to(member.linkname)
        elif links and member.islnk():
            os.link(_inside(root, root / member.linkname, member), target)
        else:
            raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")


def _inside(root: Path, path: Path, member: tarfile.TarInfo) -> Path:
    """The path, links in it followed, if it lies below `root`."""
    followed = path.resolve()
    if not followed.is_relative_to(root):
        raise tarfile.TarError(f"{member.name!r} leads out of the folder")
    return followed


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None, "a regular file has contents"
    with source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    target.chmod(member.mode & _MODE | _OWN)
    os.utime(target, (member.mtime, member.mtime))
