"""From C text to a loaded library, which is kept on disk: text -> library(text) -> functions.

What lies on the disk is read and checked before it is loaded, because a library that is cut short
kills the process that loads it. What cannot be kept, or cannot be loaded from where it is kept (a
disk from which nothing may run), goes to a folder of this process alone.
"""

from __future__ import annotations

import _ctypes
import ctypes
import hashlib
import weakref
from pathlib import Path

from tinylearn.devices import compiler, files
from tinylearn.errors import DeviceError

NOWHERE = "Try setting TINYLEARN_CACHE to a folder on a disk where programs may run"


LOADED: weakref.WeakValueDictionary[str, ctypes.CDLL] = weakref.WeakValueDictionary()


def library(text: str) -> ctypes.CDLL:
    """The text, compiled and loaded; from the disk if it was compiled before.

    It stays in memory as long as one of its functions does.
    """
    found = LOADED.get(text)
    if found is None:
        found = LOADED[text] = fetched(text)
        weakref.finalize(found, unload, found._handle).atexit = False
    return found


def unload(handle: int) -> None:
    """Give back the memory of a library that nobody can call any more."""
    close = getattr(_ctypes, "dlclose", None) or getattr(_ctypes, "FreeLibrary", None)
    if close is not None:
        close(handle)


def fetched(text: str) -> ctypes.CDLL:
    """The library from the disk, or compiled."""
    found = compiler.find()
    if found.problem:
        raise DeviceError(found.problem)
    name = hashlib.sha256(f"{compiler.identity()}\n{text}".encode()).hexdigest()[:32] + ".so"
    try:
        kept: Path | None = compiler.cache_folder() / name
    except files.FolderError as error:
        files.warn_once(str(error).partition("\n")[0])
        kept = None
    data = files.intact(kept) if kept else None
    if data is not None:
        try:
            return loaded(name, data, kept)
        except DeviceError:  # it was made on another machine: compile anew
            pass
    data = compiled(text)
    return loaded(name, data, kept if kept and files.keep(kept, data) else None)


def compiled(text: str) -> bytes:
    """The library that the compiler makes of the text."""
    wrong = (
        "there is no folder to compile in\nTry setting TMPDIR to a folder that can be written to"
    )
    for folder in compiler.workplaces():
        try:
            with compiler.workshop(folder) as own:
                fresh = Path(own, "kernels")
                wrong = compiler.run_compiler(text, fresh, compiler.find().flags)
                if not wrong:
                    return fresh.read_bytes()
        except OSError as error:
            wrong = f"{folder}: {error.strerror or error}"
    found = compiler.find()
    raise DeviceError(
        f"{found.version or found.command[0]} made nothing of generated code:\n{wrong}"
    )


def loaded(name: str, data: bytes, kept: Path | None) -> ctypes.CDLL:
    """A library whose bytes are known to be whole: from where it is kept, else from a copy.

    Raises DeviceError with the reason for each place
    """
    reasons = []
    if kept:
        try:
            return ctypes.CDLL(str(kept))
        except OSError as error:
            reasons.append(str(error))
    try:
        copy = files.private_folder() / name
        files.write_whole(copy, data, lasting=False)
        return ctypes.CDLL(str(copy))
    except OSError as error:
        reasons.append(str(error))
    lines = ["a compiled kernel cannot be loaded:", *(f"    {reason}" for reason in reasons)]
    raise DeviceError("\n".join([*lines, NOWHERE]))
