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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .inside import confine, host
from .inside.values import BadValue, Frames
from .levels import (
    MEGABYTE,
    bubblewrap_command,
    environment,
    host_settings,
    python_command,
    scratch_place,
)
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


@dataclass
class Reply:
    """What came back for one question. `ended` is "ok" or why there is no more."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    ended: str = "ok"  # ok, timeout, memory, disk, crashed, forged, flood, processes
    detail: str = ""
    left_files: bool = False  # in the scratch folder: the next question needs another host
    told: bool = False  # all about visible calls; from then on only values of others are kept


class Sandbox:
    """One running host process under one level; questions are asked one after another."""

    def __init__(self, level: str, hole: Hole, limits: Limits | None = None):
        self.level = level
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

    def ask(self, job: dict[str, Any]) -> Reply:
        """Run one job. Whatever the answer does, this returns, and the next question is clean."""
        reply = Reply()
        try:
            if self.process is None or self.process.poll() is not None:
                self.close()
                self.start()
            limits = tightened(self.limits, job)
            job, later = divided(job)
            pipes = self._send(json.dumps(job | {"limits": limits}).encode())
        except OSError as error:
            self.close()
            return Reply(ended="crashed", detail=f"no sandbox: {error}")
        try:
            self._collect(pipes, later, reply, limits, job["shown"])
        finally:
            for pipe in pipes:
                os.close(pipe)
        if reply.ended != "ok" or reply.left_files:
            self.close()  # a fresh host for the next question
        return reply

    def _send(self, text: bytes) -> tuple[int, int]:
        """Send a job; the pipes from which values come and into which hidden inputs go."""
        assert self.control is not None
        (ours, theirs), (asked, inlet) = os.pipe(), os.pipe()
        try:
            header = len(text).to_bytes(host.HEADER, "big")
            socket.send_fds(self.control, [header], [theirs, asked])
            self.control.sendall(text)
        except OSError:
            os.close(ours)
            os.close(inlet)
            raise
        finally:
            os.close(theirs)
            os.close(asked)
        os.set_blocking(ours, False)
        os.set_blocking(inlet, False)
        return ours, inlet

    def _collect(
        self,
        pipes: tuple[int, int],
        later: bytes,
        reply: Reply,
        limits: dict[str, float],
        shown: int,
    ) -> None:
        """Read messages until the question has ended or broken a limit."""
        assert self.control is not None and self.process is not None
        pipe, inlet = pipes
        frames, news = Frames(), Frames()
        if self.scratch:
            self.scratch.begin(self.process.pid)
        clock = Watch(self.process.pid, limits)
        self.control.setblocking(False)
        while reply.ended == "ok":
            wait_for([pipe, self.control.fileno()], 0.05, [inlet] if reply.told and later else [])
            drain(pipe, frames, reply, shown)
            later = handed_over(inlet, later) if reply.told and later else later
            status = exit_status(self.control, news, reply)
            if status is not None:
                drain(pipe, frames, reply, shown)
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


def handed_over(inlet: int, data: bytes) -> bytes:
    """What is left of the data after the pipe has taken as much as it holds."""
    try:
        return data[os.write(inlet, data) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:  # nobody reads any more
        return b""


# ---------------------------------------------------------------- watching and ending


def wait_for(descriptors: list[int], seconds: float, full: list[int]) -> None:
    """Until one of the descriptors has something to read, or one of `full` has room."""
    import select  # not on Windows for pipes; there only tl.check is supported

    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    for descriptor in full:
        poll.register(descriptor, select.POLLOUT)
    poll.poll(seconds * 1000)


def drain(pipe: int, frames: Frames, reply: Reply, shown: int) -> None:
    """Take what the pipe holds. A byte out of order ends the question: it was not ours."""
    for _ in range(64):
        try:
            data = os.read(pipe, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            return
        try:
            messages = frames.feed(data)
        except BadValue as error:
            flood = frames.left < 0 or frames.messages_left < 0
            reply.ended = "flood" if flood else "forged"
            reply.detail = str(error)
            return
        for message in messages:
            if type(message) is not dict:
                reply.ended, reply.detail = "forged", "a message that is not an object"
                return
            keep(message, reply, shown)


def keep(message: dict[str, Any], reply: Reply, shown: int) -> None:
    """Keep a message; of an answer that may know hidden inputs, only the values for them."""
    number = message.get("call")
    if not reply.told:
        reply.messages.append(message)
        reply.told = "told" in message
    elif type(number) is int and number >= shown:
        reply.messages.append({"call": number, "value": message.get("value")})
    elif "end" in message:
        reply.messages.append({"end": ""})


def exit_status(control: socket.socket, news: Frames, reply: Reply) -> int | None:
    """What the host says about the question's end: its exit code, None while it runs."""
    try:
        data = control.recv(4096)
    except BlockingIOError:
        return None
    except OSError:
        return -signal.SIGKILL
    if not data:
        return -signal.SIGKILL  # the host itself is gone
    try:
        messages = news.feed(data)
    except BadValue:
        return -signal.SIGKILL
    if not messages:
        return None
    reply.left_files = bool(messages[-1].get("files"))
    return int(messages[-1].get("exit", 0))


def judge_exit(status: int, reply: Reply) -> None:
    """Turn the exit code of a question into how it ended."""
    complete = any("end" in message for message in reply.messages)
    if status == 0 and (complete or reply.ended != "ok"):
        return
    if status == 77:
        reply.ended = "memory"
    elif status == -signal.SIGXCPU:
        reply.ended = "timeout"
    elif reply.ended == "ok":
        by = f"signal {-status}" if status < 0 else f"exit code {status}"
        reply.ended, reply.detail = "crashed", f"Python ended with {by}"


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
        if now - self.looked < 0.04 and len(reply.messages) == self.messages:
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
