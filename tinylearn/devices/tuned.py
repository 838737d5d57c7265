"""Loops that were found by trying, and are kept on disk beside the compiled kernels.

    TUNED(tree)            the moves that won for this kernel on this machine, or None
    keep(tree, moves)      from now on, in this and in every later process

What was tried is known by the kernel's plain tree, the machine and the compiler: another machine
has its own. The recipe decides wherever nothing was kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinylearn.devices import compiler, files
from tinylearn.loops.chosen import Moves, key
from tinylearn.loops.tree import Function
from tinylearn.parts import Part


def looked_up(known: dict[str, Moves | None], is_new: bool) -> Callable[[Function], Moves | None]:
    """The body of the Part `recipe.tuned`.

    known    what was read from the disk already, by the keys of kernels
    is_new   whether nothing was kept by this process: then the disk is looked at once
    """
    anything: list[bool] = [] if is_new else [True]

    def kept(function: Function) -> Moves | None:
        """Loops that were tried, and are kept on disk for this machine; the recipe has others."""
        if not anything:
            anything.append(folder_is_there())
        if not anything[0]:
            return None
        text = key(function)
        if text not in known:
            known[text] = read(text)
        return known[text]

    return kept


def folder_is_there() -> bool:
    """Whether anything was ever kept here."""
    try:
        return files.cache_folder("tuned").is_dir()
    except files.FolderError:
        return False


def record_of(text: str) -> Path:
    """The file of a kernel's loops: named after all that they were tried on."""
    name = hashlib.sha256(f"{compiler.identity()}\n{text}".encode()).hexdigest()[:32]
    return files.cache_folder("tuned") / f"{name}.json"


def read(text: str) -> Moves | None:
    """The moves in the file of a kernel, if there is one and it is whole."""
    data = files.intact(record_of(text))
    return None if data is None else tuples(json.loads(data))


def tuples(value: Any) -> Any:
    """What JSON has as lists, as the tuples that it was.

    >>> tuples([["sink", ["ji", ["i", "r"]]]])
    (('sink', ('ji', ('i', 'r'))),)
    """
    return tuple(map(tuples, value)) if isinstance(value, list) else value


KNOWN: dict[str, Moves | None] = {}
TUNED = Part("recipe.tuned", looked_up(KNOWN, True))


def keep(function: Function, moves: Moves | None) -> bool:
    """Run a kernel's loops like this from now on; None gives it back to the recipe.

    Returns whether the disk has it: where that cannot be, it holds as long as this process.
    """
    text = key(function)
    try:
        path = record_of(text)
        if moves is None:
            path.unlink(missing_ok=True)
        kept = moves is None or files.keep(path, json.dumps(moves).encode())
    except OSError as error:  # FolderError is one
        files.warn_once(str(error).partition("\n")[0])
        kept = False
    KNOWN[text] = moves
    TUNED.renew(looked_up(KNOWN, False))  # another function: plans made with the last are not kept
    return kept
