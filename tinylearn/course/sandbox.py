"""Starts and stops the place where a student's code runs, in the best way this machine has.

    with Sandbox(level()) as box:          one sandbox a submission
        reply = box.ask(job)               one question: what came back, and how it ended

Four levels, strongest first; `level()` finds out by attacking each from inside (probe.py):

    bubblewrap   own file system, processes, network; leftovers die with it
    landlock     kernel rules on files, TCP and signals; leftovers are hunted down
    user         another user id (needs root); may read what the world may read
    limits       resource limits only: for your own notebooks, not for a class
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy

from .inside import confine, host
from .inside.values import BadValue, Frames
from .scratch import Scratch, too_many_inside

LEVELS = ("bubblewrap", "landlock", "user", "limits")
CLOCK = "by the clock"  # rather than in CPU time: the machine may have been busy
MEGABYTE = 1 << 20
_uids = itertools.count()


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


class Sandbox:
    """One running host process under one level; questions are asked one after another."""

    def __init__(self, level: str, limits: Limits | None = None, warm: tuple[str, ...] = ()):
        self.level = level
        self.limits = limits or Limits()
        self.warm = warm
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
            self.scratch = Scratch()
        folder = self.scratch.path if self.scratch else ""
        settings = host_settings(self.level, self.limits, self.warm, folder)
        command = [*python_command(), json.dumps(settings)]
        if self.level == "bubblewrap":
            command = bubblewrap_command(settings) + command
        elif settings["uid"]:
            os.chown(folder, settings["uid"], settings["uid"])
        self.process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(folder),
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
            text = json.dumps(job | {"limits": tightened(self.limits, job)}).encode()
            pipe = self._send(text)
        except OSError as error:
            self.close()
            return Reply(ended="crashed", detail=f"no sandbox: {error}")
        try:
            self._collect(pipe, reply)
        finally:
            os.close(pipe)
        if reply.ended != "ok":
            self.close()  # a fresh host for the next question
        return reply

    def _send(self, text: bytes) -> int:
        assert self.control is not None
        ours, theirs = os.pipe()
        try:
            header = len(text).to_bytes(host.HEADER, "big")
            socket.send_fds(self.control, [header], [theirs])
            self.control.sendall(text)
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        os.set_blocking(ours, False)
        return ours

    def _collect(self, pipe: int, reply: Reply) -> None:
        """Read messages until the question has ended or broken a limit."""
        assert self.control is not None and self.process is not None
        frames, news = Frames(), Frames()
        if self.scratch:
            self.scratch.begin(self.process.pid)
        until = time.monotonic() + self.limits.wall
        looked = time.monotonic()
        self.control.setblocking(False)
        while reply.ended == "ok":
            wait_for([pipe, self.control.fileno()], 0.05)
            drain(pipe, frames, reply)
            status = exit_status(self.control, news)
            if status is not None:
                drain(pipe, frames, reply)
                judge_exit(status, reply)
                break
            now = time.monotonic()
            if now > until:
                reply.ended, reply.detail = "timeout", CLOCK
            elif now - looked > 0.1:
                looked = now
                watch(self.process.pid, self.limits, reply)
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


# ---------------------------------------------------------------- how a host is started


def python_command() -> list[str]:
    """The bare interpreter on the host script: no site, no user folder, no environment."""
    return [os.path.realpath(sys.executable), "-I", "-S", "-B", str(Path(host.__file__).resolve())]


def environment(scratch: str) -> dict[str, str]:
    """All the environment a sandbox gets: nothing of the grader's own."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    return threads | {
        "HOME": scratch or "/tmp",
        "TMPDIR": scratch or "/tmp",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }


def library_folders() -> tuple[list[str], list[str]]:
    """The folders that NumPy and tinylearn are imported from, and all that Python itself reads."""
    package = Path(__file__).resolve().parent.parent
    site = Path(numpy.__file__).resolve().parent.parent
    imports = [str(package.parent), str(site)]
    system = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"]
    readable = [str(package), str(site), os.path.realpath(sys.base_prefix), *system]
    return imports, [path for path in dict.fromkeys(readable) if os.path.exists(path)]


def host_settings(
    level: str, limits: Limits, warm: tuple[str, ...], scratch: str
) -> dict[str, Any]:
    """What the host script is told: nothing that a student may not see."""
    imports, readable = library_folders()
    separate = level == "bubblewrap"
    uid = spare_uid() if separate or level == "user" or everyone_reads(readable) else 0
    # In an older kernel the limit counts every process of the user, the grader's own included.
    counted = uid or (separate and kernel_version() >= (5, 14))
    return {
        "paths": imports,
        "warm": list(warm),
        "own_pids": separate,
        "landlock": level == "landlock",
        "uid": 0 if level == "limits" else uid,
        "processes": limits.processes if counted else 0,
        "readable": [*readable, "/dev/urandom", "/dev/zero"],
        "writable": [path for path in (scratch, "/dev/null") if path],
        "scratch": "/tmp" if separate else scratch,
    }


def spare_uid() -> int:
    """A user id for one sandbox if we are root, else 0."""
    return 60_000 + next(_uids) % 5_000 if hasattr(os, "getuid") and os.getuid() == 0 else 0


def everyone_reads(paths: list[str]) -> bool:
    """Whether another user could import from all of them: no closed folder on the way."""
    folders = {folder for path in paths for folder in [Path(path), *Path(path).parents]}
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders if folder.is_dir())


def kernel_version() -> tuple[int, ...]:
    release = os.uname().release.split("-")[0] if hasattr(os, "uname") else ""
    return tuple(int(part) for part in release.split(".")[:2] if part.isdigit())


def bubblewrap_command(settings: dict[str, Any]) -> list[str]:
    """The bwrap command line: an empty file system with Python in it, and nothing else."""
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if settings["uid"]:  # started by root: the question itself becomes somebody else
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            command += ["--cap-add", capability]
    else:
        command += ["--unshare-user", "--disable-userns"]
    # First, so that a Python which lives below /tmp is not covered by it.
    command += ["--perms", "1777", "--size", str(16 * MEGABYTE), "--tmpfs", "/tmp"]
    folders = {str(folder) for path in settings["readable"] for folder in Path(path).parents}
    for folder in sorted(folders - {"/", "/tmp"}):
        command += ["--perms", "0755", "--dir", folder]
    for path in settings["readable"]:
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        elif not path.startswith("/dev/"):
            command += ["--ro-bind", path, path]
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        command += ["--dev-bind", device, device]
    return [*command, "--"]


# ---------------------------------------------------------------- watching and ending


def wait_for(descriptors: list[int], seconds: float) -> None:
    import select  # not on Windows for pipes; there only tl.check is supported

    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    poll.poll(seconds * 1000)


def drain(pipe: int, frames: Frames, reply: Reply) -> None:
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
            reply.messages.append(message)


def exit_status(control: socket.socket, news: Frames) -> int | None:
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
    return int(messages[-1].get("exit", 0)) if messages else None


def judge_exit(status: int, reply: Reply) -> None:
    """Turn the exit code of a question into how it ended."""
    complete = any("end" in message for message in reply.messages)
    if status == 0 and (complete or reply.ended != "ok"):
        return
    if status == 77:
        reply.ended = "memory"
    elif status in (-signal.SIGXCPU, -signal.SIGPROF):
        reply.ended = "timeout"
    elif reply.ended == "ok":
        by = f"signal {-status}" if status < 0 else f"exit code {status}"
        reply.ended, reply.detail = "crashed", f"Python ended with {by}"


def watch(pid: int, limits: Limits, reply: Reply) -> None:
    """Compare memory and number of all processes of the sandbox with the limits."""
    processes = confine.descendants(pid)
    if len(processes) > limits.processes + 4:
        reply.ended, reply.detail = "processes", f"{len(processes)} processes"
        return
    resident = sum(resident_bytes(process) for process in processes)
    if resident > limits.resident:
        reply.ended, reply.detail = "memory", f"{resident // MEGABYTE} MB"


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
