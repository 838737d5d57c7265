"""The process that decides: it knows the expected values, runs answers' graphs, and judges.

    with Assessor(spec) as assessor:
        calls = assessor.calls(question, seed)              the arguments of every case
        assessor.give(question, seed, case, place, x)       what a function among them gives
        result = assessor.decide(question, seed, reply, blank)

Trusted code over values that a stranger sent: so it runs beside the grader, with limits of its
own, and can be ended. What it cannot judge in time earns nothing, and the next question is clean.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from ..inside import confine
from ..inside.values import BadValue
from ..question import Question, settled
from ..spec import Known, Planned, Spec, from_data, plan
from .grade import Overdue, decide, no_points
from .journal import CheckResult, Result
from .pipes import Reply
from .replay import handed_out, remote_call, whole

HEADER = 8  # bytes before a message: its length
MEMORY = 3 << 30  # bytes of address space
PLANNING, DECIDING = 120.0, 30.0  # seconds by the clock; loading a spec and the author's own code
MOST_BYTES = 64 << 20  # of one message


class Assessor:
    """The grader's side: starts the process when it is first needed, and again after an end."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Assessor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def calls(self, question: Question, seed: str) -> tuple[list[Any], int]:
        """The encoded arguments of all cases, and how many come first that are visible.

        Raises Overdue
        """
        calls, shown = self.ask({"plan": [question.id, seed]}, PLANNING)
        return calls, shown

    def give(self, question: Question, seed: str, case: int, place: int, x: Any) -> Any:
        """What a function among the arguments gives that runs here: see replay.remote_call.

        Raises BadValue for one that does not exist, or an x that is no value.
        """
        try:
            value = self.ask({"give": [question.id, seed, case, place, x]}, DECIDING)
        except Overdue as error:
            raise BadValue("a function does not end") from error
        if value is None:
            raise BadValue("no such function, or no such value")
        return value["gives"]

    def decide(self, question: Question, seed: str, reply: Reply, blank: Result) -> Result:
        """The verdict on what came back; no points where it cannot be reached."""
        try:
            told = [question.id, seed, vars(reply), asdict(blank)]
            return result_from(self.ask({"decide": told}, DECIDING))
        except Overdue:
            said = "What your code sent back took too long to be checked."
            return replace(blank, status="timeout", message=said, checks=no_points(question))

    def ask(self, request: dict[str, Any], seconds: float) -> Any:
        for fresh in (False, True):
            if self.process is None or self.process.poll() is not None:
                self.start()
                fresh = True
            assert self.process is not None and self.process.stdin and self.process.stdout
            try:
                send(self.process.stdin, request)
                return receive_within(self.process.stdout, seconds)
            except (OSError, EOFError, ValueError):
                self.close()
                if fresh:
                    raise Overdue from None
        raise Overdue

    def start(self) -> None:
        package = Path(__file__).resolve().parents[3]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinylearn.course.grade.assess"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(package), "OPENBLAS_NUM_THREADS": "1", "LANG": "C.UTF-8"},
            start_new_session=True,
            cwd="/",
        )
        assert self.process.stdin
        send(self.process.stdin, self.spec.data)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
        self.process = None


def result_from(data: dict[str, Any]) -> Result:
    checks = tuple(CheckResult(**check) for check in data["checks"])
    return Result(**data | {"checks": checks, "notes": tuple(data["notes"])})


# ---------------------------------------------------------------- the line between the two


def send(pipe: IO[bytes], message: Any) -> None:
    text = json.dumps(message).encode()
    pipe.write(len(text).to_bytes(HEADER, "big") + text)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """The next message. Raises EOFError at the end."""
    header = pipe.read(HEADER)
    size = int.from_bytes(header, "big")
    if len(header) < HEADER or size > MOST_BYTES:
        raise EOFError
    return json.loads(pipe.read(size))


def receive_within(pipe: IO[bytes], seconds: float) -> Any:
    """The next message; TimeoutError if its first byte is not there in time."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        until = time.monotonic() + seconds
        if not selector.select(until - time.monotonic()):
            raise TimeoutError
    return receive(pipe)


# ---------------------------------------------------------------- the process itself


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until the grader closes the line."""
    confine.prctl(confine.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    confine.set_rlimits(0, MEMORY, 0, 0)
    spec = from_data(receive(requests))
    planned: list[Planned] = []
    planned_for, known = ("", ""), Known()
    while True:
        try:
            [(what, told)] = receive(requests).items()
        except EOFError:
            return
        question = spec[told[0]]
        if planned_for != (told[0], told[1]):
            planned, planned_for = plan(question, told[1], known), (told[0], told[1])
        if what == "plan":
            calls = [handed_out(question, p.case.args) for p in planned]
            send(answers, [calls, sum(p.check.is_visible for p in planned)])
        elif what == "give":
            send(answers, given(question, planned, *told[2:]))
        else:
            reply, blank = Reply(**told[2]), result_from(told[3])
            send(answers, asdict(decide(question, planned, reply, blank, told[1])))


def given(
    question: Question, planned: list[Planned], case: int, place: int, x: Any
) -> dict[str, Any] | None:
    """{"gives": a value}, or None where there is none."""
    try:
        return {"gives": remote_call(question, planned[whole(case, len(planned))], place, x)}
    except BadValue:
        return None


if __name__ == "__main__":
    line = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what an author's code prints is no answer
    with contextlib.suppress(BrokenPipeError), settled():  # the grader has ended
        serve(sys.stdin.buffer, line)
    os._exit(0)  # nothing waits in `line`: each message was flushed
