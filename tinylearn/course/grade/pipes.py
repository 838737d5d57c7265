"""What goes to a question and comes back from it, through two pipes that nobody here trusts.

    Reply      what came back, and how it ended
    Back       hidden inputs, handed over once all about visible calls is told; and what functions
               give that the question has asked for
    drain      takes what the pipe holds; a byte out of order ends the question

After a question has hidden inputs, only values are kept of what it says: no word of them reaches
a student.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..inside.values import BadValue, Frames, pack

Oracle = Callable[[int, int, Any], Any]
MOST_ASKED = 1_000  # calls of functions that run beside the grader, of one question


@dataclass
class Reply:
    """What came back for one question. `ended` is "ok" or why there is no more.

    asked   [case, place, x] of each function that was asked for: this side has run them
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    ended: str = "ok"  # ok, timeout, memory, disk, crashed, forged, flood, processes
    detail: str = ""
    left_files: bool = False  # in the scratch folder: the next question needs another host
    told: bool = False  # all about visible calls; from then on only values of others are kept


def wait_for(descriptors: list[int], seconds: float, full: list[int]) -> None:
    """Until one of the descriptors has something to read, or one of `full` has room."""
    import select  # not on Windows for pipes; there only tl.check is supported

    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    for descriptor in full:
        poll.register(descriptor, select.POLLOUT)
    poll.poll(seconds * 1000)


class Back:
    """The way to a question: the hidden inputs, and what functions give that it has asked for.

    oracle   gives that: see inside/remote.py
    later    the hidden inputs; handed over once all about visible calls is told
    shown    how many calls are visible: they come first
    """

    def __init__(self, pipe: int, oracle: Oracle | None, later: bytes, shown: int):
        self.pipe, self.oracle, self.later, self.shown = pipe, oracle, later, shown

    def waits(self, reply: Reply) -> bool:
        """Whether there is something to hand over."""
        return reply.told and bool(self.later)

    def hand_over(self) -> None:
        """As much of the hidden inputs as the pipe holds."""
        try:
            self.later = self.later[os.write(self.pipe, self.later) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # nobody reads any more
            self.later = b""

    def hear(self, told: Any, reply: Reply) -> None:
        """One thing asked for. Whoever does not read the answers is ended."""
        if len(reply.asked) >= MOST_ASKED:
            reply.ended = "flood"
            return
        try:
            case, place, x = told
            if self.oracle is None or type(case) is not int or type(place) is not int:
                raise BadValue("nothing to be asked for")
            if self.waits(reply) or (case >= self.shown and not reply.told):
                raise BadValue("asked for what it does not know yet")
            data = pack(self.oracle(case, place, x))
            reply.asked.append([case, place, x])
            if os.write(self.pipe, data) < len(data):
                raise BadValue("more than anybody reads")
        except BrokenPipeError:  # it has ended: its exit status says how
            return
        except (BadValue, BlockingIOError, TypeError, ValueError) as error:
            reply.ended, reply.detail = "forged", str(error)


def drain(pipe: int, frames: Frames, reply: Reply, back: Back) -> bool:
    """Take what the pipe holds; False once nobody is left who could write to it.

    A byte out of order ends the question: it was not ours.
    """
    for _ in range(64):
        try:
            data = os.read(pipe, 1 << 16)
        except BlockingIOError:
            return True
        if not data:
            return False
        try:
            messages = frames.feed(data)
        except BadValue as error:
            flood = frames.left < 0 or frames.messages_left < 0
            reply.ended = "flood" if flood else "forged"
            reply.detail = str(error)
            return True
        for message in messages:
            if type(message) is not dict:
                reply.ended, reply.detail = "forged", "a message that is not an object"
                return True
            if "asked" in message:
                back.hear(message["asked"], reply)
            else:
                keep(message, reply, back.shown)
    return True


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
