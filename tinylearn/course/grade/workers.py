"""Several processes that each do one job at a time, watched and killed from outside.

    run(jobs, count, do, heard) -> None        do(job) runs in a worker and yields messages

A worker is forked from this process, which has no threads. A judge that never ends, or a value
that eats memory when it is read, ends a worker: the job goes on in another one, without the step
that killed it. When this process is stopped or killed, no worker and nothing below it stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ..inside import confine
from .sandbox import resident_bytes

CPU = 20.0  # seconds of a worker's own on one step: judging, never the student's code
WALL = 300.0  # seconds of one step by the clock
RESIDENT = 1 << 30  # bytes of a worker itself
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

Message = dict[str, Any]


@dataclass
class Job:
    """What one worker is asked: which item, and the steps not to try again, each with why."""

    item: int
    stuck: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    deaths: int = 0


@dataclass
class Worker:
    """One forked process, the job in its hands, and the step it is at."""

    pid: int
    line: socket.socket
    held: bytearray = field(default_factory=bytearray)
    job: Job | None = None
    step: str = ""
    cpu: float = 0.0
    began: float = 0.0

    def watch(self) -> str:
        """Why this worker must end; "" while it keeps to its limits."""
        if resident_bytes(self.pid) > RESIDENT:
            return "memory"
        if not self.step:
            return ""
        slow = cpu_seconds(self.pid) - self.cpu > CPU or time.monotonic() - self.began > WALL
        return "timeout" if slow else ""


def run(
    count: int,
    workers: int,
    do: Callable[[Job], Iterator[Message]],
    heard: Callable[[int, Message], None],
) -> None:
    """Every item from 0 to `count` - 1 through `do`; `heard` gets what each yields.

    A message {"step": name} begins a step, {"did": name} ends it. An item that cannot be done is
    heard as {"failed": why}; the last message of each is {"end": True}.
    """
    waiting = deque(Job(item) for item in range(count))
    live: list[Worker] = []
    try:
        while waiting or any(worker.job for worker in live):
            while waiting and len(live) < max(1, workers):
                live.append(fork(do, live))
            for worker in live:
                if worker.job is None and waiting:
                    give(worker, waiting.popleft())
            lines = [worker.line for worker in live if worker.job]
            ready, _, _ = select.select(lines, [], [], 0.2)
            for worker in [worker for worker in live if worker.job]:
                why = "" if worker.line not in ready else listen(worker, heard)
                why = why or (worker.watch() if worker.job else "")
                if why:
                    live.remove(worker)
                    end(worker)
                    after_death(worker, why, waiting, heard)
    finally:
        for worker in live:
            end(worker)


def listen(worker: Worker, heard: Callable[[int, Message], None]) -> str:
    """Take what a worker says; "crashed" if it is gone."""
    try:
        piece = worker.line.recv(1 << 16)
    except OSError:
        piece = b""
    worker.held += piece
    while worker.job and b"\n" in worker.held:
        line, _, rest = bytes(worker.held).partition(b"\n")
        worker.held = bytearray(rest)
        message = json.loads(line)
        if "step" in message:
            worker.step, worker.began = message["step"], time.monotonic()
            worker.cpu = cpu_seconds(worker.pid)
        if "did" in message:
            worker.step = ""
            worker.job.done.append(message["did"])
        heard(worker.job.item, message)
        if "end" in message:
            worker.job, worker.step = None, ""
    return "" if piece else "crashed"


def after_death(
    worker: Worker, why: str, waiting: deque[Job], heard: Callable[[int, Message], None]
) -> None:
    """The rest of a dead worker's job goes to another; a step that killed two is given up."""
    job = worker.job
    if job is None:
        return
    job.deaths += 1
    if worker.step and (why != "crashed" or job.deaths > 1):
        job.stuck[worker.step] = why
    elif job.deaths > 2:
        heard(job.item, {"failed": "the grader's own process ended, several times"})
        heard(job.item, {"end": True})
        return
    waiting.append(job)


def give(worker: Worker, job: Job) -> None:
    worker.job, worker.step = job, ""
    text = json.dumps({"item": job.item, "stuck": job.stuck, "done": job.done})
    with contextlib.suppress(OSError):  # a dead worker is noticed when nothing comes back
        worker.line.sendall(text.encode() + b"\n")


# ---------------------------------------------------------------- one worker


def fork(do: Callable[[Job], Iterator[Message]], others: list[Worker]) -> Worker:
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BLAS has threads, which sleep
        pid = os.fork()
    if pid == 0:
        ours.close()
        for other in others:
            other.line.close()
        serve(theirs, do, parent)
    theirs.close()
    return Worker(pid, ours)


def serve(line: socket.socket, do: Callable[[Job], Iterator[Message]], parent: int) -> NoReturn:
    """A worker's whole life. Never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        confine.prctl(confine.PARENT_DEATH_SIGNAL, signal.SIGKILL)
        confine.prctl(confine.SUBREAPER, 1)  # what a killed sandbox leaves is found below us
        held = b""
        while os.getppid() == parent:
            while b"\n" not in held:
                piece = line.recv(1 << 16)
                if not piece:
                    os._exit(0)
                held += piece
            text, _, held = held.partition(b"\n")
            job = Job(**json.loads(text))
            try:
                for message in do(job):
                    line.sendall(json.dumps(message).encode() + b"\n")
            except Exception as error:  # a mistake of our own costs one student a message
                said = f"{type(error).__name__}: {error}"
                line.sendall(json.dumps({"failed": said}).encode() + b"\n")
            line.sendall(b'{"end": true}\n')
    finally:
        os._exit(0)


def end(worker: Worker) -> None:
    """Kill a worker and all below it; it is stopped first, so that it starts nothing new."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGSTOP)
        for _ in range(100):
            below = [pid for pid in confine.descendants(worker.pid) if not is_dead(pid)]
            for pid in below:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not below:
                break
            time.sleep(0.005)
        os.kill(worker.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(worker.pid, 0)
    worker.line.close()


def is_dead(pid: int) -> bool:
    """Whether a process has ended and only waits to be asked for its exit status."""
    return stat_of(pid)[:1] in ([], ["Z"])


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process itself, its children left out; 0 where there is none to read."""
    words = stat_of(pid)
    return (int(words[11]) + int(words[12])) / TICKS if len(words) > 12 else 0.0


def stat_of(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on; [] if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []
