"""Limits that a process lays on itself before it runs a student's code. Linux first.

    rlimits    CPU seconds, address space, file size, open files, processes
    landlock   no file outside the given folders, no TCP, no signal to a process outside
    leave root another user id, with no way back

Each returns what it achieved; the parent's probe (sandbox.py) decides what that is worth.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from functools import cache
from typing import Any

NO_NEW_PRIVILEGES, PARENT_DEATH_SIGNAL, NOT_DUMPABLE, SUBREAPER = 38, 1, 4, 36  # prctl
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every Linux
READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, read a folder
# Everything that landlock's first, second, third and fifth version can forbid on files.
ALL_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}


ALWAYS = ("RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE")  # 0 is meant as 0


@cache
def library() -> Any:
    """The C library of this process: opened once, for every question opens dozens of calls."""
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> bool:
    """One prctl call; False where the system has none."""
    return sys.platform.startswith("linux") and library().prctl(option, value, 0, 0, 0) == 0


def set_rlimits(cpu: int, memory: int, files: int, processes: int) -> None:
    """Soft and hard limits: bytes of address space and of any one file, CPU seconds."""
    import resource

    limits = {
        "RLIMIT_CPU": (cpu, cpu + 1),
        "RLIMIT_AS": (memory, memory),
        "RLIMIT_FSIZE": (files, files),
        "RLIMIT_NOFILE": (64, 64),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NPROC": (processes, processes),
        "RLIMIT_MEMLOCK": (0, 0),
        "RLIMIT_MSGQUEUE": (0, 0),
    }
    for name, pair in limits.items():
        if hasattr(resource, name) and (pair[0] > 0 or name in ALWAYS):
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(getattr(resource, name), pair)


def cpu_from_now(seconds: int) -> None:
    """So many CPU seconds more, within the hard limit: what was used before does not count."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = int(used.ru_utime + used.ru_stime + 1 + seconds)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (min(until, hard) if hard > 0 else until, hard))


def landlock_version() -> int:
    """The version of landlock that this kernel has; 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    version = library().syscall(CREATE_RULESET, None, 0, 1)
    return max(0, version)


def landlock(readable: list[str], writable: list[str]) -> int:
    """Forbid every file but those below `readable` and `writable`; the version in force, or 0."""
    version = landlock_version()
    if not version or not prctl(NO_NEW_PRIVILEGES, 1):
        return 0
    libc = library()
    files = ALL_FILES[max(known for known in ALL_FILES if known <= version)]
    tcp = 3 if version >= 4 else 0  # bind, connect
    scope = 3 if version >= 6 else 0  # abstract sockets, signals
    rules = (ctypes.c_uint64 * 3)(files, tcp, scope)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return 0
    for paths, access in ((readable, READ), (writable, files & ~1)):
        for path in paths:
            _allow(libc, ruleset, path, access & files)
    done = libc.syscall(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return version if done else 0


def _allow(libc: Any, ruleset: int, path: str, access: int) -> None:
    class PathBeneath(ctypes.Structure):
        _pack_ = 1
        _layout_ = "ms"
        _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]

    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        access &= 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # what a plain file can be asked
    rule = PathBeneath(access, folder)
    libc.syscall(ADD_RULE, ruleset, 1, ctypes.byref(rule), 0)
    os.close(folder)


def leave_root(uid: int) -> bool:
    """Become the user `uid`, who owns nothing; True if this worked and cannot be undone."""
    if uid <= 0 or os.getuid() != 0:
        return os.getuid() != 0
    try:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except (OSError, AttributeError):
        return False
    prctl(NO_NEW_PRIVILEGES, 1)
    return os.getuid() == uid


def drop_capabilities() -> bool:
    """Give up what root may do beyond file permissions, for good; True if nothing is left."""
    if not prctl(NO_NEW_PRIVILEGES, 1):
        return False
    for capability in range(64):
        prctl(24, capability)  # PR_CAPBSET_DROP: refused without privilege, then not needed
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3; this process
    nothing = (ctypes.c_uint32 * 6)()
    return library().capset(header, nothing) == 0


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, by the kernel's own lists; [] where there are none to read."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        above = waiting.pop()
        try:
            tasks = os.listdir(f"/proc/{above}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{above}/task/{task}/children") as file:
                    below = [int(word) for word in file.read().split()]
            except OSError:
                continue
            found += below
            waiting += below
    return found
