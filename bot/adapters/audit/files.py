"""Files that must outlive a crash and be nobody else's: private, appended to, synced."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def open_to_append(path: Path) -> int:
    """Return a descriptor of a private regular file, made when it is missing; OSError when that fails."""
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IWUSR:
        os.close(descriptor)
        raise PermissionError(f"{path} is read-only")  # root may write all the same, but was told not to
    if is_new:
        _sync_folder(path.parent)
    return descriptor


def _sync_folder(folder: Path) -> None:
    """A new file is durable only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(descriptor: int, text: bytes) -> None:
    """Write all of it and sync, or leave nothing of it behind."""
    before = os.fstat(descriptor).st_size
    try:
        rest = text
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def split_tail(descriptor: int, size: int) -> tuple[bytes, bytes]:
    """Return the last whole line and what follows it without a line end."""
    tail, start = b"", size
    while start > 0 and tail.count(b"\n") < 2:
        step = min(65_536, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    whole, _, torn = tail.rpartition(b"\n")
    return whole.rpartition(b"\n")[2], torn
