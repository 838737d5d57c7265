"""Files that are whole or not there, and the folder of those that can be made again.

    cache_folder("kernels") / name   keep(path, data) ->   intact(path) is data, or None

A full disk, a power cut or a broken copy leaves files that are cut short. So each file in the
cache has its size and checksum beside it, and is checked in full before anybody uses it.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
import warnings
from pathlib import Path

from tinylearn.errors import TinylearnError

PART = ".part"  # how the name of what is not finished ends
DAY = 24 * 3600  # seconds after which what is not finished belongs to nobody any more


class FolderError(TinylearnError, OSError):
    """A folder that cannot be found or cannot be written to."""


# ---------------------------------------------------------------- where


def cache_folder(name: str = "") -> Path:
    """Where `name` is kept: below TINYLEARN_CACHE, or the platform's folder for caches.

    Raises FolderError where the user has no home folder, or TINYLEARN_CACHE names none that is.
    """
    chosen = os.environ.get("TINYLEARN_CACHE", "").strip()
    try:
        return (absolute(chosen) if chosen else platform_folder() / "tinylearn") / name
    except RuntimeError as error:  # pathlib's word for a home that is not there
        says = (
            f"TINYLEARN_CACHE={chosen!r} cannot be used" if chosen else "there is no cache folder"
        )
        raise FolderError(f"{says}: {error}\nTry setting TINYLEARN_CACHE to a folder") from error


def platform_folder() -> Path:
    """Where programs keep what they can make again, on this system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    named = os.environ.get("XDG_CACHE_HOME", "")  # one that is not absolute is to be ignored
    return Path(named) if os.path.isabs(named) else Path.home() / ".cache"


@functools.cache
def absolute(chosen: str) -> Path:
    """A folder as the user wrote it, fixed at its first use: a later chdir does not move it."""
    return Path(os.path.abspath(Path(chosen).expanduser()))


def nearest(path: Path) -> Path:
    """The innermost thing above a path that exists: where a folder would have to be made."""
    return next((p for p in (path, *path.parents) if p.exists()), path)


def private_folder() -> Path:
    """A temporary folder for this process, removed at its end."""
    folder = _private(os.getpid())  # a fork gets its own
    if not folder.is_dir():  # somebody tidied up
        _private.cache_clear()
        folder = _private(os.getpid())
    return folder


@functools.cache
def _private(process: int) -> Path:
    try:
        folder = Path(tempfile.mkdtemp(prefix="tinylearn-"))
    except OSError:  # no temporary folder is usable
        folder = cache_folder(f"{process}.{os.urandom(4).hex()}{PART}")
        folder.mkdir(parents=True, mode=0o700)
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


# ---------------------------------------------------------------- whole files


def write_whole(path: Path, data: bytes, lasting: bool = True) -> None:
    """Write a file so that it holds, at any time, either what it held or all of `data`.

    lasting   wait until the disk has it: a power cut loses nothing
    Raises    OSError; the file is then as it was
    """
    path = Path(os.path.realpath(path))  # through a link, as any other program would write
    if path.exists() and not path.is_file():
        refuse_folder(path)
        path.write_bytes(data)  # a device or a pipe: it has nothing to lose
        return
    if not path.parent.is_dir():
        says = f"there is no folder {str(path.parent)!r} to write {path.name!r} to"
        raise FileNotFoundError(says)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{str(path)!r} is protected: it may not be written to")
    temporary = path.with_name(f".{os.getpid()}.{os.urandom(8).hex()}{PART}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        error.add_note(f"{str(path)!r} was not written; what was there before is as it was")
        raise
    finally:
        temporary.unlink(missing_ok=True)


def refuse_folder(path: Path) -> None:
    """Raise IsADirectoryError where a file should be and a folder is."""
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: name a file in it")


def sweep(folder: Path) -> None:
    """Remove what killed processes left behind in a folder more than a day ago."""
    for part in folder.glob(f"*{PART}"):
        try:
            if time.time() - part.stat().st_mtime <= DAY:
                continue
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink()
        except OSError:  # somebody else was quicker, or it is not ours
            pass


# ---------------------------------------------------------------- checked files


def keep(path: Path, data: bytes) -> bool:
    """Put data into the cache, its checksum beside it; False, with one warning, if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, content in ((path, data), (seal(path), sum_of(data))):
            if file.is_symlink() or (file.exists() and not file.is_file()):
                file.unlink()  # a link or a pipe is nothing of ours
            write_whole(file, content, lasting=False)
        return True
    except OSError as error:
        warn_once(f"{path.parent} cannot be written to ({error.strerror or error})")
        return False


def intact(path: Path) -> bytes | None:
    """What `keep` put there; None if any of it is missing, damaged or not to be read."""
    try:
        if not (stat.S_ISREG(path.stat().st_mode) and stat.S_ISREG(seal(path).stat().st_mode)):
            return None
        data = path.read_bytes()
        return data if seal(path).read_bytes() == sum_of(data) else None
    except OSError:
        return None


def seal(path: Path) -> Path:
    """The file with the checksum of another."""
    return path.with_name(f"{path.name}.sum")


def sum_of(data: bytes) -> bytes:
    """The size and the SHA-256 of data."""
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}\n".encode()


@functools.cache
def warn_once(says: str) -> None:
    """Say once in this process that the cache does not work, and what helps."""
    hint = "compiled kernels are not kept, and each process compiles anew"
    repair = "Try setting TINYLEARN_CACHE to a folder that can be written to"
    warnings.warn(f"{says}: {hint}\n{repair}", RuntimeWarning, stacklevel=2)
