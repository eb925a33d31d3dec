"""Reading zip files that come from elsewhere."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from utils.datasets.catalogue import DataError
from utils.datasets.folders import reading

_BLOCK = 4096  # bytes that even an empty file takes on disk: a bomb may also be made of very many of them


class Zip(zipfile.ZipFile):
    """A zip file whose disk or share may fail while it is read: an error of its own, not one of writing."""

    def read(self, entry, pwd=None) -> bytes:
        with reading(Path(self.filename)):
            return super().read(entry, pwd)

    def require_whole(self, entries: Iterable[zipfile.ZipInfo]) -> None:
        """Read these entries to their end, which compares them with their checksums."""
        for entry in entries:
            with reading(Path(self.filename)), self.open(entry) as content:
                while content.read(1 << 20):
                    pass


@contextmanager
def open_zip(path: Path, unpacked: int) -> Iterator[Zip]:
    """Open a zip file whose entries are harmless; reading any of them yields at most its declared size.

    Raises
    ------
    DataError
        If the file may not be read, is not a zip or is damaged, now or while an entry is read; if an entry
        leads outside the folder, or is a link or encrypted; if the entries take more than `unpacked` bytes.
    """
    try:
        with reading(path):
            archive = Zip(path)
        with archive:
            _refuse_harm(path.name, archive.infolist(), unpacked)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"{path.name} is not a whole zip file ({error})") from None


def _refuse_harm(archive: str, entries: list[zipfile.ZipInfo], unpacked: int) -> None:
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in entry.filename:
            raise DataError(f"{archive} holds {entry.filename!r}, which leads outside its folder: refused")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DataError(f"{archive} holds {entry.filename!r}, which is a link: refused")
        if entry.flag_bits & 0x1:
            raise DataError(f"{archive} holds {entry.filename!r}, which is encrypted: refused")
    total = sum(max(entry.file_size, _BLOCK) for entry in entries)
    if total > unpacked:
        raise DataError(f"{archive} would expand to {total:,} bytes; {unpacked:,} are allowed: refused")
