"""Reading zip files that come from elsewhere."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from utils.datasets.catalogue import DataError

_BLOCK = 4096  # bytes that even an empty file takes on disk: a bomb may also be made of very many of them


@contextmanager
def open_zip(path: Path, unpacked: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose entries are harmless; reading any of them yields at most its declared size.

    Raises
    ------
    DataError
        If the file is not a zip or is damaged, now or while an entry is read; if an entry leads outside the
        folder, or is a link or encrypted; if the entries would take more than `unpacked` bytes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_harm(path.name, archive.infolist(), unpacked)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"{path.name} is not a whole zip file ({error})") from None


def _refuse_harm(archive: str, entries: list[zipfile.ZipInfo], unpacked: int) -> None:
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise DataError(f"{archive} holds {entry.filename!r}, which leads outside its folder: refused")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DataError(f"{archive} holds {entry.filename!r}, which is a link: refused")
        if entry.flag_bits & 0x1:
            raise DataError(f"{archive} holds {entry.filename!r}, which is encrypted: refused")
    total = sum(max(entry.file_size, _BLOCK) for entry in entries)
    if total > unpacked:
        raise DataError(f"{archive} would expand to {total:,} bytes; {unpacked:,} are allowed: refused")
