"""Many C functions in a row, called from Python once.

The row is a list of numbers: for each call the address of the function, how many arguments it has,
and in which slots they lie. A loop in C reads it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from tinylearn.devices import loading

MOST = 64  # arguments of one function
HEAD = """\
#include <stdint.h>

void run_row(void **memory, const intptr_t *row, intptr_t length) {
    const intptr_t *end = row + length;
    while (row < end) {
        void *call = (void *)row[0];
        const intptr_t count = row[1], *slot = row + 2;
        switch (count) {
"""
CASE = "        case {count}: ((void (*)({types}))call)({arguments}); break;\n"
FOOT = """\
        }
        row += 2 + count;
    }
}
"""


def text() -> str:
    """The loop, with a case for each number of arguments."""
    cases = [
        CASE.format(
            count=n,
            types=", ".join(["void *"] * n),
            arguments=", ".join(f"memory[slot[{k}]]" for k in range(n)),
        )
        for n in range(1, MOST + 1)
    ]
    return "".join([HEAD, *cases, FOOT])


class CRow:
    """C functions and the slots of their arguments, on the memory of two turns."""

    def __init__(
        self, calls: Sequence[tuple[Any, Sequence[int]]], memory: tuple[list[Any], list[Any]]
    ) -> None:
        numbers: list[int] = []
        for function, slots in calls:
            address = ctypes.cast(function, ctypes.c_void_p).value or 0
            numbers += [address, len(slots), *slots]
        self.functions = [function for function, _ in calls]  # kept loaded
        self.row = (ctypes.c_ssize_t * len(numbers))(*numbers)
        self.tables = [
            (ctypes.c_void_p * len(m))(*[getattr(x, "address", None) for x in m]) for m in memory
        ]
        call = loading.library(text()).run_row
        call.restype = None
        self.call, self.length = call, ctypes.c_ssize_t(len(numbers))

    def put(self, turn: int, slot: int, memory: Any) -> None:
        """Where a slot lies in a turn."""
        self.tables[turn][slot] = getattr(memory, "address", None)

    def run(self, turn: int) -> None:
        """Make all calls."""
        self.call(self.tables[turn], self.row, self.length)
