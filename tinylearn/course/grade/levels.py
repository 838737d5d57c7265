"""How a host is started at each level, so that one world, Python and NumPy are all it can read.

bubblewrap   binds: the world, the standard library with what is not Python's own covered,
             NumPy, the interpreter and its shared objects; no other folder of this machine
landlock     rules for the same paths, one by one: rules only add
user         a tree of hard links to the same files, entered with chroot, then another user
limits       nothing is hidden
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .library import library, python
from .worlds import Hole, put, store

if TYPE_CHECKING:
    from .sandbox import Limits

MEGABYTE = 1 << 20
SCRATCH = 16 * MEGABYTE  # bytes of /tmp where the level brings a file system of its own
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
FIRST_UID, BLOCKS, BLOCK = 60_000, 250, 20
_blocks: dict[int, tuple[socket.socket, itertools.cycle[int]]] = {}  # by process: forks have none


def python_command(script: Path) -> list[str]:
    """The bare interpreter on a script: no site, no user folder, no environment."""
    return [python(), "-I", "-S", "-B", str(script)]


def environment(scratch: str) -> dict[str, str]:
    """All the environment a sandbox gets: nothing of the grader's own."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    return threads | {
        "HOME": scratch or "/tmp",
        "TMPDIR": scratch or "/tmp",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }


def readable(hole: Hole) -> list[str]:
    """Every path that an answer may read, one by one."""
    return [str(hole.folder), *library(hole.world.kind != "python").entries()]


def host_settings(level: str, limits: Limits, hole: Hole, scratch: str) -> dict[str, Any]:
    """What the host script is told: nothing that a student may not see."""
    separate = level == "bubblewrap"
    paths = readable(hole)
    root = str(tree(hole)) if level == "user" else ""
    uid = spare_uid() if separate or level == "user" or everyone_reads(paths) else 0
    # In an older kernel the limit counts every process of the user, the grader's own included.
    counted = uid or (separate and kernel_version() >= (5, 14))
    return {
        "paths": hole.imports,
        "warm": list(hole.world.warm),
        "own_pids": separate,
        "landlock": level == "landlock",
        "root": root,
        "uid": 0 if level == "limits" else uid,
        "processes": limits.processes if counted else 0,
        "readable": [*paths, "/dev/urandom", "/dev/zero"],
        "writable": [path for path in (scratch, "/dev/null") if path],
        "scratch": "/tmp" if separate else scratch.removeprefix(root),
    }


def spare_uid() -> int:
    """A user id for one sandbox if we are root, else 0. Raises OSError where all are in use.

    No two processes of graders give the same: the kernel counts a user's processes everywhere,
    and what one answer starts must not be missing for another.
    """
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return 0
    if os.getpid() not in _blocks:
        _blocks[os.getpid()] = claim_block()
    return next(_blocks[os.getpid()][1])


def claim_block() -> tuple[socket.socket, itertools.cycle[int]]:
    """User ids that are this process's until it ends: an abstract name can be bound only once."""
    for block in range(BLOCKS):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0tinylearn-users-{block}")
        except OSError:
            claim.close()
            continue
        atexit.register(claim.close)
        first = FIRST_UID + block * BLOCK
        return claim, itertools.cycle(range(first, first + BLOCK))
    raise OSError(f"more than {BLOCKS} graders at once on this machine")


def everyone_reads(paths: list[str]) -> bool:
    """Whether another user could import from all of them: no closed folder on the way."""
    folders = {folder for path in paths for folder in [Path(path), *Path(path).parents]}
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders if folder.is_dir())


def kernel_version() -> tuple[int, ...]:
    release = os.uname().release.split("-")[0] if hasattr(os, "uname") else ""
    return tuple(int(part) for part in release.split(".")[:2] if part.isdigit())


# ---------------------------------------------------------------- bubblewrap


def bubblewrap_command(hole: Hole, uid: int) -> list[str]:
    """The bwrap command line: an empty file system with one world in it, and nothing else."""
    command = [shutil.which("bwrap") or "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL"]
    if uid:  # started by root: the question itself becomes somebody else
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            command += ["--cap-add", capability]
    else:
        command += ["--unshare-user", "--disable-userns"]
    # First, so that what lies below /tmp is not covered by it.
    command += ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", "/tmp"]
    known = library(hole.world.kind != "python")
    shown = [str(hole.folder), *known.folders, *known.others]
    folders = {str(f) for path in [*shown, *DEVICES] for f in Path(path).parents}
    for folder in sorted(folders - {"/", "/tmp"}):  # made by itself, it would be its owner's alone
        command += ["--perms", "0755", "--dir", folder]
    for path in shown:
        command += ["--ro-bind", os.path.realpath(path), path]
    for path in known.masked:
        if os.path.islink(path) and not any(Path(path).resolve().is_relative_to(s) for s in shown):
            continue  # it leads to what is not there, as Debian's sitecustomize.py to /etc
        if os.path.isdir(path):
            command += ["--perms", "0755", "--tmpfs", path, "--remount-ro", path]
        else:
            command += ["--ro-bind", "/dev/null", path]
    for device in DEVICES:
        command += ["--dev-bind", device, device]
    return [*command, "--"]


# ---------------------------------------------------------------- a tree of links for chroot


def tree(hole: Hole) -> Path:
    """A file system of hard links to what a world may see. Raises OSError where none can be made.

    For root where neither bubblewrap nor landlock works, as in many containers.
    """
    root = store() / f"root-{hole.folder.name}"
    if not root.exists():
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=store()))
        plant(hole, building)
        put(building, root)
    return root


def plant(hole: Hole, root: Path) -> None:
    known = library(hole.world.kind != "python")
    for path in [str(hole.folder), *known.folders, *known.others]:
        target = Path(f"{root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isdir(path):

            def left_out(folder: str, names: list[str]) -> list[str]:
                return [name for name in names if os.path.join(folder, name) in known.masked]

            shutil.copytree(path, target, symlinks=True, copy_function=link, ignore=left_out)
        else:
            link(os.path.realpath(path), str(target))
    for device in DEVICES:
        (root / "dev").mkdir(exist_ok=True)
        made = os.stat(device)
        with contextlib.suppress(PermissionError):  # a container may forbid it: then there is none
            os.mknod(f"{root}{device}", made.st_mode, made.st_rdev)
            os.chmod(f"{root}{device}", 0o666)
    (root / "tmp").mkdir(exist_ok=True)
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o755)


def link(path: str, target: str) -> None:
    """A second name for a file; a copy where that is another file system."""
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, target)


def scratch_place(level: str, hole: Hole) -> str | None:
    """Where the folder must lie in which an answer may write; None: anywhere."""
    return str(tree(hole) / "tmp") if level == "user" else None
