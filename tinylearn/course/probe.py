"""Finds the best sandbox of this machine by attacking each level from inside, for real.

    best_level()        the strongest level whose promises all held, and what failed above it

A level is not trusted for what it is called: an answer that tries to read, write, kill, listen
and stay behind is run under it, and the level counts only if nothing of that worked.
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

from .inside.confine import descendants
from .sandbox import LEVELS, Limits, Sandbox

ATTACK = """
import os, signal, socket, time

def attack(secret, victim, port, folder):
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
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    os.wait()
    return broken
"""
# What each level must refuse; nobody relies on "limits" for anything but resources.
PROMISES = {
    "bubblewrap": {"reads a file outside", "writes a file outside", "signals a process outside",
                   "reaches the network", "leaves a process behind"},
    "landlock": {"reads a file outside", "writes a file outside", "signals a process outside",
                 "reaches the network", "leaves a process behind"},
    "user": {"reads a file outside", "writes a file outside", "signals a process outside",
             "reaches the network", "leaves a process behind"},
    "limits": set(),
}  # fmt: skip


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
        box = stack.enter_context(Sandbox(level, Limits(wall=10)))
        arguments = [str(folder / "secret"), victim.pid, listener.getsockname()[1], str(folder)]
        reply = box.ask(
            {
                "cells": [ATTACK],
                "keys": ["attack"],
                "name": "attack",
                "part": None,
                "setup": "",
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
