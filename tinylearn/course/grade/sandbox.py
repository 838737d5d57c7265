"""Starts and stops the place where a student's code runs, in the best way this machine has.

    with Sandbox(level, build(World("numpy"))) as box:     one host in one world
        reply = box.ask(job)        one question: what came back, and how it ended

Four levels, strongest first; `level()` finds out by attacking each from inside (probe.py):

    bubblewrap   own file system, processes, network; leftovers die with it
    landlock     kernel rules on files, TCP and signals; leftovers are hunted down
    user         another user id in a file system of links (needs root)
    limits       resource limits only: for your own notebooks, not for a class

What a world, Python and NumPy need is all that can be read (levels.py). Hidden inputs are handed
over once all that a student may read of has come back: what is said after that is not heard. Time
is measured here, from outside, and no limit hangs on anything that an answer could replace.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..inside import confine, host
from ..inside.values import Frames
from .levels import (
    MEGABYTE,
    bubblewrap_command,
    environment,
    host_settings,
    python_command,
    scratch_place,
)
from .pipes import Back, Oracle, Reply, drain, exit_status, judge_exit, wait_for
from .scratch import Scratch, too_many_inside
from .worlds import Hole

LEVELS = ("bubblewrap", "landlock", "user", "limits")
CLOCK = "by the clock"  # rather than in CPU time: the machine may have been busy
CALL = "in one call"  # the calls after it may still be made
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # of CPU time, per second


@dataclass(frozen=True)
class Limits:
    """What one question may use. Seconds are CPU seconds except `wall`; sizes are bytes."""

    call: float = 2.0  # one call of the answer
    cpu: int = 10  # all calls together
    wall: float = 60.0
    memory: int = 2048 * MEGABYTE  # address space of one process
    resident: int = 768 * MEGABYTE  # all processes together
    files: int = 8 * MEGABYTE
    processes: int = 48


class Sandbox:
    """One running host process under one level; questions are asked one after another."""

    def __init__(
        self,
        level: str,
        hole: Hole,
        limits: Limits | None = None,
        setup: str = "",
        warm: str = "",
    ):
        """setup, warm   code of the chapter's author that the host runs once: see inside/host.py"""
        self.level = level
        self.given = {"setup": setup, "warm": warm}
        self.hole = hole
        self.limits = limits or Limits()
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.scratch: Scratch | None = None
        self.starts = 0

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ starting and stopping

    def start(self) -> None:
        """Start the host and wait until it is warm. Raises OSError if it does not come up."""
        ours, theirs = socket.socketpair()
        if self.level != "bubblewrap":  # which brings a file system of its own
            self.scratch = Scratch(scratch_place(self.level, self.hole))
        folder = self.scratch.path if self.scratch else ""
        settings = host_settings(self.level, self.limits, self.hole, folder)
        script = self.hole.folder / "inside" / "host.py"
        command = [*python_command(script), json.dumps(settings)]
        if self.level == "bubblewrap":
            command = bubblewrap_command(self.hole, settings["uid"]) + command
        elif settings["uid"]:
            os.chown(folder, settings["uid"], settings["uid"])
        self.process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(settings["scratch"]),
            start_new_session=True,
            cwd="/",
        )
        theirs.close()
        self.control = ours
        self.starts += 1
        ours.settimeout(30)
        text = json.dumps(self.given).encode()
        ours.sendall(len(text).to_bytes(host.HEADER, "big") + text)
        ready = Frames().feed(ours.recv(4096))
        if not ready:
            self.close()
            raise OSError(f"the {self.level} sandbox did not start")

    def close(self) -> None:
        """End the host and everything below it."""
        if self.process is not None:
            end_tree(self.process)
        if self.control is not None:
            self.control.close()
        if self.scratch:
            self.scratch.remove()
        self.process, self.control, self.scratch = None, None, None

    # ------------------------------------------------------------ one question

    def ask(self, job: dict[str, Any], oracle: Oracle | None = None) -> Reply:
        """Run one job. Whatever the answer does, this returns, and the next question is clean.

        oracle   gives what a function gives that runs beside the grader: see inside/remote.py
        """
        reply = Reply()
        try:
            if self.process is None or self.process.poll() is not None:
                self.close()
                self.start()
            limits = tightened(self.limits, job)
            job, later = divided(job)
            pipe, back = self._send(json.dumps(job | {"limits": limits}).encode())
        except OSError as error:
            self.close()
            return Reply(ended="crashed", detail=f"no sandbox: {error}")
        try:
            self._collect(pipe, reply, limits, Back(back, oracle, later, job["shown"]))
        finally:
            os.close(pipe)
            os.close(back)
        if reply.ended != "ok" or reply.left_files:
            self.close()  # a fresh host for the next question
        return reply

    def _send(self, text: bytes) -> tuple[int, int]:
        """Send a job; the pipe from the question, and the one to it."""
        assert self.control is not None
        (ours, there), (theirs, back) = os.pipe(), os.pipe()
        try:
            header = len(text).to_bytes(host.HEADER, "big")
            socket.send_fds(self.control, [header], [there, theirs])
            self.control.sendall(text)
        except OSError:
            os.close(ours)
            os.close(back)
            raise
        finally:
            os.close(there)
            os.close(theirs)
        os.set_blocking(ours, False)
        os.set_blocking(back, False)
        return ours, back

    def _collect(self, pipe: int, reply: Reply, limits: dict[str, float], back: Back) -> None:
        """Read messages until the question has ended or broken a limit."""
        assert self.control is not None and self.process is not None
        frames, news = Frames(), Frames()
        if self.scratch:
            self.scratch.begin(self.process.pid)
        clock = Watch(self.process.pid, limits)
        self.control.setblocking(False)
        lines = [self.control.fileno(), pipe]
        while reply.ended == "ok":
            wait_for(lines, 0.05, [back.pipe] if back.waits(reply) else [])
            if not drain(pipe, frames, reply, back):
                del lines[1:]  # an end of a pipe is news for ever: only the host's word is awaited
            if back.waits(reply):
                back.hand_over()
            status = exit_status(self.control, news, reply)
            if status is not None:
                drain(pipe, frames, reply, back)
                judge_exit(status, reply)
                break
            if clock.look(reply):
                self._watch_disk(self.process.pid, reply)
        if self.control is not None:
            self.control.settimeout(30)

    def _watch_disk(self, pid: int, reply: Reply) -> None:
        """Compare what the answer wrote with the quota."""
        said = self.scratch.over(pid) if self.scratch else too_many_inside(pid)
        if said and reply.ended == "ok":
            reply.ended, reply.detail = "disk", said


def tightened(limits: Limits, job: dict[str, Any]) -> dict[str, float]:
    """The limits of one question: its budget, where that is less than what all may use."""
    own = job.get("budget", {})
    return {name: min(most, own.get(name, most)) for name, most in asdict(limits).items()}


def divided(job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A job without its hidden calls, and these, as they are handed over later."""
    calls, first = job["calls"], job.get("first", 0)
    shown = job.get("shown", first + len(calls))
    front = max(0, shown - first)
    later = json.dumps(calls[front:]).encode()
    job = job | {"calls": calls[:front], "later": len(calls[front:]), "shown": shown}
    return job, len(later).to_bytes(host.HEADER, "big") + later


# ---------------------------------------------------------------- watching and ending


class Watch:
    """Looks from outside at all that a question uses: time, memory, processes.

    Its CPU time is what the sandbox's processes have used since it began, children included.
    """

    def __init__(self, pid: int, limits: dict[str, float]):
        self.pid, self.limits = pid, limits
        self.began = self.looked = time.monotonic()
        self.before = self.call_began = cpu_seconds([pid, *confine.descendants(pid)])
        self.messages = 0

    def look(self, reply: Reply) -> bool:
        """End the question in `reply` if a limit is broken; whether it was time to look at all."""
        now = time.monotonic()
        if now - self.began > self.limits["wall"]:
            reply.ended, reply.detail = "timeout", CLOCK
        soon = 0.04 if len(reply.messages) == self.messages else 0.01
        if now - self.looked < soon:
            return False
        self.looked = now
        processes = [self.pid, *confine.descendants(self.pid)]
        used = cpu_seconds(processes)
        if len(reply.messages) != self.messages:  # another call has begun
            self.messages, self.call_began = len(reply.messages), used
        if used - self.before > self.limits["cpu"]:
            reply.ended, reply.detail = "timeout", ""
        elif self.messages and used - self.call_began > self.limits["call"]:
            reply.ended, reply.detail = "timeout", CALL
        if len(processes) > self.limits["processes"] + 4:
            reply.ended, reply.detail = "processes", f"{len(processes)} processes"
        resident = sum(resident_bytes(process) for process in processes)
        if resident > self.limits["resident"]:
            reply.ended, reply.detail = "memory", f"{resident // MEGABYTE} MB"
        return True


def cpu_seconds(processes: list[int]) -> float:
    """The CPU time that processes have used, with that of their children who have ended."""
    ticks = 0
    for process in processes:
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # user, system, and both of the children
    return ticks / TICKS


def resident_bytes(process: int) -> int:
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * 4096
    except (OSError, IndexError, ValueError):
        return 0


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all below it until none is left; a namespace dies with its first."""
    for _ in range(200):
        below = confine.descendants(process.pid)
        for pid in [*below, *([process.pid] if len(below) < 2 else [])]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not confine.descendants(process.pid):
            break
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
