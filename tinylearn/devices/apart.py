"""Runs C text as a program of its own: what crashes or hangs there does no harm here.

All kernels are compiled into one program. It reads numbers, calls one kernel after the other, and
writes what they wrote; memory before and behind each array tells whether it was left alone.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinylearn.devices import compiler
from tinylearn.render.c import before

SLACK = 4096  # bytes before and behind each array
SECONDS = 5  # what takes longer does not end
OPTIONS = ["-std=gnu11", "-O0", "-w", "-fwrapv"]
Answer = list[np.ndarray] | str | None

HEAD = r"""
#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif
"""
MAIN = r"""
#line 1 "main"
enum { SLACK = %d, FILL = 0xFF };

static void *take(long bytes) {  /* filled from the input, with slack around */
    unsigned char *all = malloc(bytes + 2 * SLACK);
    memset(all, FILL, bytes + 2 * SLACK);
    if (fread(all + SLACK, 1, bytes, stdin) != (size_t)bytes) exit(3);
    return all + SLACK;
}

static void give(void *memory, long bytes) {  /* whether the slack was touched; the numbers */
    unsigned char *all = (unsigned char *)memory - SLACK;
    int touched = 0;
    for (long k = 0; k < SLACK; k++)
        touched |= all[k] != FILL || all[SLACK + bytes + k] != FILL;
    fputc(touched, stdout);
    fwrite(memory, 1, bytes, stdout);
}

int main(void) {
#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
%s
    return 0;
}
"""


@dataclass(frozen=True)
class Call:
    """A C function `name` with its text, and what its arguments hold before it runs."""

    name: str
    text: str
    outputs: Sequence[np.ndarray]
    loaded: Sequence[np.ndarray]

    @property
    def memory(self) -> list[np.ndarray]:
        """All arguments."""
        return [*self.outputs, *self.loaded]

    @property
    def only_if(self) -> tuple[str, str]:
        """Around what needs numbers of 16 bits, which not every compiler has."""
        halves = any(a.dtype == np.float16 for a in self.memory)
        return ("#ifdef __FLT16_MANT_DIG__", "#endif") if halves else ("", "")


def answers(calls: Sequence[Call]) -> list[Answer]:
    """For each call: what its outputs hold afterwards; what went wrong; None if it did not run.

    It does not run if an earlier one went wrong, or if the compiler knows no numbers of 16 bits.
    """
    sent = b"".join(a.tobytes() for call in calls for a in call.memory)
    said, how = b"", "there is no folder from which its program may run"
    for folder in compiler.workplaces():
        with compiler.workshop(folder) as own:
            program = Path(own, "kernels.exe")
            wrong = compiler.run_compiler(program_text(calls), program, OPTIONS)
            if wrong:
                return blamed(calls, wrong)
            try:
                said, how = ran(program, sent)
                break
            except PermissionError:  # on this disk nothing may run: the next one
                pass
    return read(calls, said, how)


def ran(program: Path, sent: bytes) -> tuple[bytes, str]:
    """What a program said, and how it ended."""
    try:
        done = subprocess.run([program], input=sent, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        return late.stdout or b"", f"it does not come to an end within {SECONDS} seconds"
    return done.stdout, ending(done.returncode)


def program_text(calls: Sequence[Call]) -> str:
    """All kernels, and a main function that calls them."""
    texts = [HEAD, before([call.text for call in calls])]
    lines = []
    for call in calls:
        first, last = call.only_if
        texts += [first, f'#line 1 "{call.name}"', call.text, last]
        lines += call_lines(call)
    return "\n".join([*texts, MAIN % (SLACK, "\n".join(lines))])


def call_lines(call: Call) -> list[str]:
    """The lines of main for one kernel: its memory, the call, and then what the memory holds."""
    sizes = [a.nbytes for a in call.memory]
    takes = [f"void *m{k} = take({size});" for k, size in enumerate(sizes)]
    gives = [f"give(m{k}, {size});" for k, size in enumerate(sizes)]
    run = f"{call.name}({', '.join(f'm{k}' for k in range(len(sizes)))}); ran = 1;"
    first, last = call.only_if
    return ["{", "int ran = 0;", *takes, first, run, last, "fputc(ran, stdout);", *gives,
            "fflush(stdout);", "}"]  # fmt: skip


def blamed(calls: Sequence[Call], wrong: str) -> list[Answer]:
    """The compiler's first complaint, at the kernel whose text it is about."""
    found: list[Answer] = [None] * len(calls)
    complaint = next((line for line in wrong.splitlines() if "error" in line), wrong.strip())
    number = {call.name: k for k, call in enumerate(calls)}
    names = re.findall(r"(\w+):\d+", complaint)
    place = next((number[name] for name in names if name in number), 0)
    found[place] = f"the compiler refuses its text: {complaint}"
    return found


def ending(code: int) -> str:
    """How a program ended, in words."""
    known = {-signal.SIGSEGV: "it reads or writes where it has no memory (SIGSEGV)",
             -signal.SIGFPE: "it divides an integer by 0 (SIGFPE)"}  # fmt: skip
    return known.get(code, f"its program ended with exit status {code}")


def read(calls: Sequence[Call], said: bytes, how: str) -> list[Answer]:
    """What the program said, call by call; `how` it ended is told where its answers stop."""
    found: list[Answer] = []
    place = 0
    for call in calls:
        length = 1 + sum(1 + a.nbytes for a in call.memory)
        answer = said[place : place + length]
        place += length
        if len(answer) < length:
            return [*found, how, *[None] * (len(calls) - len(found) - 1)]
        found.append(one_answer(call, answer[1:]) if answer[0] else None)
    return found


def one_answer(call: Call, said: bytes) -> Answer:
    """What one kernel left behind."""
    place, outputs = 0, []
    for k, given in enumerate(call.memory):
        mine = k < len(call.outputs)
        name = f"out{k}" if mine else f"in{k - len(call.outputs)}"
        if said[place]:
            return f"it writes outside of {name}"
        data = said[place + 1 : place + 1 + given.nbytes]
        place += 1 + given.nbytes
        if not mine and data != given.tobytes():
            return f"it changes {name}, which it may only read"
        if mine:
            outputs.append(np.frombuffer(data, given.dtype))
    return outputs
