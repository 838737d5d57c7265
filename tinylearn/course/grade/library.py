"""The files that Python and NumPy themselves need: what a sandbox shows beside one world.

    library(with_numpy) -> Library      the standard library's folders, what in them is not shown,
                                        and every other file: interpreter, NumPy, shared objects

Nothing is shown because of the folder it lies in: no /usr, no site-packages, no module that is not
Python's own, no compiler, no second interpreter, no archive.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .worlds import numpy_folders

# Python's own, and yet of no use to an answer: tests, tools, and wheels in archives.
UNUSED = ("test", "idlelib", "turtledemo", "ensurepip", "venv", "lib2to3", "pydoc_data")
OTHER_NAMES = ("lib-dynload", "__pycache__", "_sysconfigdata", "os", "encodings")


@dataclass(frozen=True)
class Library:
    """Paths on this machine. masked: what below `folders` must not be seen."""

    folders: tuple[str, ...]
    masked: tuple[str, ...]
    others: tuple[str, ...]

    def entries(self) -> list[str]:
        """All that may be read, for rules that only add: the folders' entries one by one."""
        found = [str(entry) for folder in self.folders for entry in Path(folder).iterdir()]
        return [*(path for path in found if path not in self.masked), *self.others]


def python() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return os.path.realpath(sys.executable)


@cache
def library(with_numpy: bool) -> Library:
    """What an interpreter needs here. Raises OSError where ldd cannot tell."""
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
    folders = sorted({os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib")})
    masked = [str(e) for folder in folders for e in Path(folder).iterdir() if not is_ours(e)]
    others = [str(path) for path in numpy_folders()] if with_numpy else []
    objects = [python()]
    for folder in [*(f"{f}/lib-dynload" for f in folders), *others]:
        objects += [str(path) for path in Path(folder).rglob("*.so*")]
    whole = [*folders, *others]
    shared = [path for path in loaded_by(objects) if not path.startswith(tuple(whole))]
    cache_file = ["/etc/ld.so.cache"] * os.path.exists("/etc/ld.so.cache")
    return Library(tuple(folders), tuple(masked), (*others, python(), *shared, *cache_file))


def is_ours(entry: Path) -> bool:
    """Whether an entry of the standard library's folder is Python's own and may be shown."""
    name = entry.name.partition(".")[0]
    if name in UNUSED:
        return False
    return name in sys.stdlib_module_names or name.startswith(OTHER_NAMES)


def loaded_by(objects: list[str]) -> list[str]:
    """The shared objects that the system's loader finds for these, the loader included."""
    done = subprocess.run(["ldd", *objects], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if not line.endswith(":")]
    words = {word for line in lines for word in line.split()}
    return sorted(word for word in words if word.startswith("/") and os.path.isfile(word))
