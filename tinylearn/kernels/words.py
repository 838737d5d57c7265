"""What a kernel may name, beside its arguments and numbers. Outside a kernel it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from tinylearn.errors import TinylearnError
from tinylearn.graph.dtype import float32


class KernelError(TinylearnError, ValueError):
    """Python that a kernel may not use, with the line and what to write instead."""

    def __init__(self, says: str, repair: str = "", place: str = ""):
        self.says, self.repair, self.place = says, repair, place
        lines = [says, f"    {place}" if place else "", f"Try {repair}" if repair else ""]
        super().__init__("\n".join(line for line in lines if line))


def outside(name: str) -> NoReturn:
    """Raise the error for a word that was used outside of a kernel."""
    raise KernelError(f"{name} means something only inside a kernel", "it below @tl.kernel")


@dataclass(frozen=True)
class Axes:
    """Three numbers that each thread knows: along x, y and z."""

    name: str
    says: str

    @property
    def x(self) -> int:
        outside(f"{self.name}.x")

    @property
    def y(self) -> int:
        outside(f"{self.name}.y")

    @property
    def z(self) -> int:
        outside(f"{self.name}.z")


thread = Axes("thread", "where a thread stands in its block")
block = Axes("block", "where its block stands in the grid")
threads = Axes("threads", "how many threads a block has")
blocks = Axes("blocks", "how many blocks the grid has")
AXES = (thread, block, threads, blocks)


def shared(*shape: int, dtype: Any = float32) -> Any:
    """Fresh memory that all threads of a block see; it holds no numbers yet."""
    outside("shared")


def private(*shape: int, dtype: Any = float32) -> Any:
    """Fresh memory of one thread; it holds no numbers yet."""
    outside("private")


def barrier() -> None:
    """No thread of a block goes on before all of them are here."""
    outside("barrier")


def atomic_add(array: Any, place: Any, value: Any) -> None:
    """array[place] += value, as if no other thread came in between."""
    outside("atomic_add")
