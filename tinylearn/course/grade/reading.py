"""The parent's side of the confined reader: hands it open files, takes capped answers.

    with Reader() as reader:
        reader.cells(path, inside, questions) -> {"cells": [...], "chapter": ..., "attempted": ...}
        reader.names(path, most)              -> [(names, when)], [(names, trouble)]

Nothing that a student wrote is parsed in this process. A file that is no ordinary file is not
opened; one that takes too long or too much costs its own reader process, and a named complaint.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

from ..inside import read as script
from ..inside.read import HEADER, Unreadable
from ..inside.values import BadValue, Frames
from .levels import python_command, spare_uid

MAX_ANSWER = 8_000_000  # bytes: 500,000 characters of code, each escaped
WALL = 30.0  # seconds for one file, by the clock


class Reader:
    """One reader process, started when it is first needed and again after it was ended."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cells(
        self,
        path: Path,
        inside: tuple[str, ...],
        questions: list[dict[str, Any]],
        essays: dict[str, str],
    ) -> dict[str, Any]:
        """What a notebook holds. Raises Unreadable.

        essays   {id: what stands in its cell at first} of questions answered in words
        """
        told = {"inside": inside, "questions": questions, "essays": essays}
        return self.ask(path, {"action": "read", **told})

    def names(self, path: Path, most: int) -> dict[str, Any]:
        """The files in a zip, and those that cannot be read. Raises Unreadable."""
        return self.ask(path, {"action": "list", "most": most})

    def ask(self, path: Path, job: dict[str, Any]) -> dict[str, Any]:
        file = opened(path)
        ours, theirs = os.pipe()
        try:
            self.send(json.dumps(job).encode(), [theirs, file])
            os.close(theirs)
            theirs = -1
            answer = self.collect(ours)
        finally:
            for descriptor in (file, ours, theirs):
                if descriptor >= 0:
                    os.close(descriptor)
        if trouble := answer.get("trouble"):
            raise Unreadable(str(trouble))
        return answer

    def send(self, text: bytes, descriptors: list[int]) -> None:
        if self.process is None or self.process.poll() is not None:
            self.close()
            self.start()
        assert self.control is not None
        socket.send_fds(self.control, [len(text).to_bytes(HEADER, "big")], descriptors)
        self.control.sendall(text)

    def collect(self, pipe: int) -> dict[str, Any]:
        """The answer of one child. Raises Unreadable if it ended, broke a limit, or hung."""
        data, until = bytearray(), time.monotonic() + WALL
        while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            piece = os.read(pipe, 1 << 16)
            data += piece
            if not piece or len(data) > MAX_ANSWER:
                break
        else:
            self.close()
            raise Unreadable(f"it takes more than {WALL:g} seconds to read")
        assert self.control is not None
        try:
            frames = Frames().feed(self.control.recv(4096))
        except (OSError, BadValue):
            frames = []
        if not frames:
            self.close()
            raise Unreadable("the reader ended while it was read")
        if frames[0].get("exit") or len(data) > MAX_ANSWER:
            raise Unreadable(f"it takes more than {script.SECONDS} seconds, or too much, to read")
        return dict(json.loads(data))

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        command = python_command(Path(script.__file__).resolve())
        self.process = subprocess.Popen(
            [*command, json.dumps({"uid": spare_uid()})],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            start_new_session=True,
            cwd="/",
        )
        theirs.close()
        ours.settimeout(WALL)
        self.control = ours

    def close(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()  # its child has asked the kernel to go with it
            self.process.wait()
        if self.control is not None:
            self.control.close()
        self.process, self.control = None, None


def opened(path: Path) -> int:
    """A descriptor of an ordinary file: no link, no pipe, no device. Raises Unreadable."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        said = "it is a link to another file" if os.path.islink(path) else error.strerror
        raise Unreadable(f"it cannot be opened: {said}") from None
    except ValueError as error:  # a name that no file system takes
        raise Unreadable(f"it cannot be opened: {error}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("it is not an ordinary file")
    return descriptor
