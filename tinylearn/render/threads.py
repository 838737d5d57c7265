"""Writes what blocks and threads do: their loops become numbers that each thread asks for.

for b in 4, block.x             int b = blockIdx.x;
    for x in 32, thread.x       {
        out0[32*b + x] = t0         int x = threadIdx.x;
                                    out0[32*b + x] = t0;
                                }
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tinylearn.graph.primitives import SUM
from tinylearn.loops.index import Variable
from tinylearn.loops.launches import launches
from tinylearn.loops.phases import launch
from tinylearn.loops.private import private
from tinylearn.loops.statements import Let, Memory, Store
from tinylearn.loops.tree import (
    BLOCKS,
    THREADS,
    Accumulate,
    Allocate,
    Barrier,
    Body,
    Function,
    Loop,
    Refused,
    Statement,
    rebuilt,
    statements,
)
from tinylearn.render.cfamily import Writer
from tinylearn.render.dialect import Dialect, Grid, index_text
from tinylearn.render.source import Source

FAR = 2**31 - 2**22  # numbers: places in larger arrays, or a little behind their end, need 64 bits


class ThreadWriter(Writer):
    """The text of one kernel, while it is being written.

    along   the kinds of the threads' loops around what is being written
    top     whether nothing has been written yet
    """

    def __init__(self, function: Function, dialect: Dialect, grid: Grid):
        super().__init__(one_by_one(private(function)), dialect)
        self.launch, self.grid = launch(function), grid
        rounds = self.launch.block_count * self.launch.thread_count
        if max([rounds, *(m.size for m in function.arguments)]) > FAR:
            self.whole = dialect.types["int64"]
        self.along: tuple[str, ...] = ()
        self.top = True

    def body(self, body: Body) -> None:
        """All statements, in order; a barrier is a line, and shared memory is made at the top."""
        if self.top:
            self.top = False
            for s in statements(body):
                if isinstance(s, Allocate) and s.memory.space == "shared":
                    self.allocate(s.memory)
        for s in body:
            if isinstance(s, Barrier):
                self.source.add(self.grid.barrier)
            else:
                super().body((s,))

    def loop(self, s: Loop) -> None:
        """A loop over blocks or threads is where one of them is."""
        if s.kind in BLOCKS:
            self.coordinate(s.variable, self.grid.block, BLOCKS.index(s.kind))
            self.body(s.body)
        elif s.kind in THREADS:
            axis = THREADS.index(s.kind)
            here = self.grid.thread.format(axis="xyz"[axis], number=axis)
            some = s.variable.size < self.launch.threads[axis]
            with self.block(f"if ({here} < {s.variable.size})" if some else ""):
                self.coordinate(s.variable, self.grid.thread, axis)
                around, self.along = self.along, (*self.along, s.kind)
                self.body(s.body)
                self.along = around
        else:
            super().loop(s)

    def coordinate(self, v: Variable, text: str, axis: int) -> None:
        """The variable of a loop, if its rounds are more than one."""
        if v.size > 1:
            self.source.add(f"{self.whole} {v} = {text.format(axis='xyz'[axis], number=axis)};")

    def allocate(self, m: Memory) -> None:
        """Memory of a block, or of a thread."""
        known = self.memory.get(m.name)
        if m.space != "shared":
            super().allocate(m)
        elif known is None:
            self.memory[m.name] = m
            kind = self.dialect.types[m.dtype.name]
            self.source.add(self.grid.shared.format(type=kind, name=m.name, size=m.size), m.node)
        elif known.size != m.size:
            raise Refused(f"there are two kinds of shared memory named {m.name}")

    @contextmanager
    def one_thread(self, m: Memory) -> Iterator[None]:
        """Along axes without a loop the first thread alone writes what others see."""
        sizes = zip(THREADS, self.launch.threads, strict=True)
        missing = [k for k, (kind, n) in enumerate(sizes) if n > 1 and kind not in self.along]
        if m.space in ("register", "local") or not missing:
            yield
            return
        here = [self.grid.thread.format(axis="xyz"[k], number=k) for k in missing]
        with self.block(f"if ({' & '.join(f'({h} == 0)' for h in here)})"):
            yield

    def store(self, s: Store) -> None:
        """A number to memory."""
        with self.one_thread(self.memory[s.memory]):
            super().store(s)

    def accumulate(self, s: Accumulate) -> None:
        """A total takes in a value; what several threads see takes it in atomically."""
        m = self.memory[s.memory]
        if m.space in ("register", "local"):
            super().accumulate(s)
            return
        if s.op is not SUM or not self.grid.atomic:
            raise Refused(f"{m.name} takes in a {s.op.name} of many threads: no words for that")
        place = f"{m.name}[{index_text(s.place)}]"
        with self.one_thread(m):
            text = self.grid.atomic.format(place=place, value=self.values[s.value].text)
            self.source.add(text, s.node)


def one_by_one(function: Function) -> Function:
    """The function with its vectors written out: threads side by side are the vectors of a GPU."""

    def change(s: Statement) -> Body:
        match s:
            case Loop(_, _, "vector"):
                s = replace(s, kind="unrolled")
            case Allocate(m):
                s = Allocate(replace(m, lanes=1))
        return (s,)

    return replace(function, body=rebuilt(function.body, change))


def written_for_threads(function: Function, dialect: Dialect) -> Source:
    """The function as text of a language that has blocks and threads."""
    assert dialect.grid is not None, "the dialect has one thread"
    kinds = {m.dtype.name for m in function.arguments}
    kinds |= {s.dtype.name for s in statements(function.body) if isinstance(s, Let)}
    if missing := sorted(kinds - dialect.types.keys()):
        raise Refused(f"there are no words for {' and '.join(missing)}")
    whole = Source()
    for each in launches(function):
        source = ThreadWriter(each, dialect, dialect.grid).write()
        whole.lines += source.lines
        whole.nodes += source.nodes
    return whole
