"""Finds the best sandbox of this machine by attacking each level from inside, for real.

    best_level()        the strongest level whose promises all held, and what failed above it

A level is not trusted for what it is called: an answer that tries to read, write, kill, listen
and stay behind is run under it, and the level counts only if nothing of that worked. It also looks
for what a question has taken out: in every source, bytecode, archive and spec that it can read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..inside.confine import descendants
from .sandbox import LEVELS, Limits, Sandbox
from .worlds import PACKAGE, World, build, store

ATTACK = r"""
import os, signal, socket, time, zipfile

def attack(secret, victim, port, folder, places, mark, own):
    broken = []
    def attempt(name, action):
        try:
            action()
        except BaseException:
            return
        broken.append(name)
    attempt("reads a file outside", lambda: open(secret).read())
    attempt("writes a file outside", lambda: open(folder + "/written", "w"))
    attempt("signals a process outside", lambda: os.kill(victim, 0))
    attempt("reaches the network", lambda: socket.create_connection(("127.0.0.1", port), 1))
    broken += ["finds another copy"] * bool(copies(places, mark, own))
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(60)
            os._exit(0)
        os.wait()
    except OSError:
        pass
    return broken

def copies(places, mark, own):
    found, seen = [], set()
    for place in places:
        for here, folders, files in os.walk(place):
            if here.startswith(("/proc", "/sys")) or os.path.realpath(here) in seen:
                folders[:] = []
                continue
            seen.add(os.path.realpath(here))
            for name in files:
                path = os.path.join(here, name)
                if not path.startswith(own) and holds(path, mark):
                    found.append(path)
    return found

def holds(path, mark):
    try:
        if path.endswith((".zip", ".whl", ".egg", ".pyz")):
            return any("tinylearn" in name for name in zipfile.ZipFile(path).namelist())
        if path.endswith((".spec.json", ".ipynb")) or "/tinylearn/" in path:
            return open(path, "rb").read(1) != b""
        if path.endswith((".py", ".pyc")):
            return mark.encode() in open(path, "rb").read()
    except OSError:
        return False
"""
# What each level must refuse; nobody relies on "limits" for anything but resources.
HELD = frozenset(
    {"reads a file outside", "writes a file outside", "signals a process outside",
     "reaches the network", "leaves a process behind", "finds another copy"}
)  # fmt: skip
PROMISES = dict.fromkeys(LEVELS[:-1], HELD) | {LEVELS[-1]: frozenset()}
HOLE = World("tinylearn", ("tinylearn.graph.primitives.MUL",))
MARK = "Multiply number by number; each input gets g times the other"  # stands beside the body


@dataclass(frozen=True)
class Probe:
    """What one level did against the attack. `trouble` is empty if it kept its promises."""

    level: str
    trouble: str


@lru_cache(maxsize=1)
def best_level() -> tuple[str, tuple[Probe, ...]]:
    """The strongest level that works here, and every probe made to find it."""
    probes = []
    for level in LEVELS:
        probes.append(Probe(level, trouble_with(level)))
        if not probes[-1].trouble:
            return level, tuple(probes)
    raise OSError("no sandbox works here: " + "; ".join(f"{p.level}: {p.trouble}" for p in probes))


def trouble_with(level: str) -> str:
    """Why a level cannot be used on this machine; "" if it can."""
    if not sys.platform.startswith("linux") and level != "limits":
        return "needs Linux"
    if not hasattr(os, "fork"):
        return "needs Linux or macOS"
    if level == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    if level == "user" and os.getuid() != 0:
        return "needs root"
    try:
        broken = attacked(level)
    except OSError as error:
        return str(error)
    return ", ".join(sorted(broken & PROMISES[level]))


def attacked(level: str) -> set[str]:
    """What the attack achieved under a level. Raises OSError if the level does not even run."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tinylearn-probe-")))
        (folder / "secret").write_text("secret")
        (folder / "secret").chmod(0o600)
        victim = stack.enter_context(bystander())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        hole = build(HOLE)
        box = stack.enter_context(Sandbox(level, hole, Limits(call=20, cpu=20, wall=40)))
        arguments: list[Any] = [str(folder / "secret"), victim.pid, listener.getsockname()[1]]
        places = searched() if PROMISES[level] else []
        arguments += [str(folder), places, MARK, str(hole.folder)]
        reply = box.ask(
            {
                "cells": [ATTACK],
                "keys": ["attack"],
                "name": "attack",
                "part": None,
                "run": "",
                "calls": [arguments],
            }
        )
        values = [m["value"] for m in reply.messages if m.get("call") == 0]
        if reply.ended != "ok" or not values or type(values[0]) is not list:
            raise OSError(f"does not run here ({reply.ended} {reply.detail})")
        assert box.process is not None
        time.sleep(0.05)
        left = len(processes_left(box.process.pid))
        return set(values[0]) | ({"leaves a process behind"} if left else set())


def searched() -> list[str]:
    """Where a copy of what was taken out might lie: everywhere, and by name where `/` is closed."""
    known = [PACKAGE, Path.cwd(), Path.home(), store(), *map(Path, sys.path), Path("/opt/x")]
    found = {str(above) for path in known for above in [path.resolve(), *path.resolve().parents]}
    return sorted(found, key=len)


@contextlib.contextmanager
def bystander():  # type: ignore[no-untyped-def]
    """A process of the grader's own that an attack may try to signal."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def processes_left(pid: int) -> list[int]:
    """Processes below a sandbox that sleep in the attack's own copy: more than its frame needs."""
    below = descendants(pid)
    frame = 2 if below and Path(f"/proc/{pid}/comm").read_text().startswith("bwrap") else 0
    return below[frame:]
