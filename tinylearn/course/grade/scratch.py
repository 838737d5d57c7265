"""The one folder that a student's code may write to, where a sandbox has no file system of its own.

    scratch = Scratch()      scratch.over(pid) -> "" or what was too much      scratch.remove()

All of them lie in one folder per user. Each is held by a lock for as long as its grader lives, so
that the next grader can tell what a killed one left behind, and remove it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from ..inside.confine import descendants
from .journal import locked

BYTES = 16 << 20  # of disk, in a scratch folder; as much as bubblewrap's own file system holds
WRITTEN = 256 << 20  # bytes of disk that one question may write, whatever it then deletes
FILES = 2_000


def base() -> Path:
    """The folder of all scratch folders of this user. Raises OSError where it cannot be made."""
    own = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"tinylearn-scratch-{own}"
    folder.mkdir(mode=0o711, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != own):
        raise OSError(f"{folder} is not this user's folder: remove it")
    return folder


class Scratch:
    """One folder, and its mark in base(): a folder that stays locked while this process lives.

    place   where it is made; base() if left out
    """

    def __init__(self, place: str | None = None) -> None:
        self.stack = contextlib.ExitStack()
        with locked(base()):  # nobody takes it for left behind before it is locked
            self.path = tempfile.mkdtemp(prefix="box-", dir=place or base())
            self.mark = Path(tempfile.mkdtemp(prefix="held-", dir=base()))
            os.symlink(self.path, self.mark / "at")
            self.stack.enter_context(locked(self.mark))
        self.written = 0

    def over(self, pid: int) -> str:
        """What is too much: files or bytes in the folder, or bytes written below process `pid`."""
        size, files = used(self.path)
        if files > FILES:
            return f"more than {FILES:,} files"
        if size > BYTES:
            return f"more than {BYTES >> 20} MB of files"
        written = sum(map(bytes_written, [pid, *descendants(pid)])) - self.written
        return f"more than {WRITTEN >> 20} MB written" if written > WRITTEN else ""

    def begin(self, pid: int) -> None:
        """A question begins: what was written before does not count against it."""
        self.written = bytes_written(pid)

    def remove(self) -> None:
        removed(Path(self.path))
        removed(self.mark)
        self.stack.close()


def used(folder: str) -> tuple[int, int]:
    """Bytes of disk and number of files below a folder; it stops counting beyond the limits."""
    size = files = 0
    waiting = [folder]
    while waiting and size <= BYTES and files <= FILES:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    info = entry.stat(follow_symlinks=False)
                    size, files = size + info.st_blocks * 512, files + 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if files > FILES:
                        break
        except OSError:
            continue
    return size, files


def too_many_inside(pid: int) -> str:
    """What is too much in the file system that bubblewrap made for the sandbox below `pid`.

    The kernel holds its bytes to a limit, and not the number of its files.
    """
    for process in descendants(pid)[:1]:
        with contextlib.suppress(OSError):
            state = os.statvfs(f"/proc/{process}/root/tmp")
            if state.f_files - state.f_ffree > FILES:
                return f"more than {FILES:,} files"
    return ""


def bytes_written(pid: int) -> int:
    """What a process and its ended children wrote to disk; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/io") as file:
            return int(dict(line.split(": ") for line in file)["write_bytes"])
    except (OSError, ValueError, KeyError):
        return 0


def removed(folder: Path) -> None:
    """Remove a folder, however deep it is and whatever its permissions are."""
    if depth_is_small(folder):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for words in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            with contextlib.suppress(OSError):
                subprocess.run([*words, "--", str(folder)], capture_output=True, check=False)


def depth_is_small(folder: Path, most: int = 50) -> bool:
    """Whether no folder below lies deeper than Python's own removal can go."""
    root = len(folder.parts)
    for here, folders, _ in os.walk(folder):
        if len(Path(here).parts) - root > most:
            return False
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(here, name))]
    return True


def clean() -> int:
    """Remove what killed graders left behind; how many folders."""
    count = 0
    with locked(base()):
        for mark in base().glob("held-*"):
            with locked(mark, wait=False) as abandoned:
                if abandoned:
                    with contextlib.suppress(OSError):
                        removed(Path(os.readlink(mark / "at")))
                        count += 1
                    removed(mark)
    return count
