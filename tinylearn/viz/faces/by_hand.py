"""A kernel's loops in the reader's hands: tl.schedule(x).split("i", 64).vectorize("ii").

Each transform of tinylearn/loops/transforms/ is a method, and so is every Part `loops.<name>` of a
student's. A call gives a new Schedule; what does not fit is refused with the reason and with calls
that work. `use()`, or a `with` block, has the device run these loops from then on.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np

from tinylearn.devices.c_device import RENDER
from tinylearn.devices.tuning import compared
from tinylearn.errors import DeviceError, ScheduleError, choose, nearest
from tinylearn.kernels.launch import Listing
from tinylearn.loops.chosen import CHOSEN, Chosen, Cook, Move, Moves, after_moves, for_threads
from tinylearn.loops.mend import each_name, loop_sizes, mended
from tinylearn.loops.nest import Nest
from tinylearn.loops.tree import Function, Refused, plain
from tinylearn.parts import Part, use, using
from tinylearn.render.cuda import render_cuda
from tinylearn.render.opencl import render_opencl
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel, has_threads, kind_of
from tinylearn.tensor import Tensor
from tinylearn.viz.faces.loops_film import LoopsFilm
from tinylearn.viz.faces.times import duration
from tinylearn.viz.style import amount
from tinylearn.viz.trace.loops import bytes_asked, kernels_of, steps_of

WRITERS: dict[str, Callable[[Function], Source]] = {
    "c": RENDER,
    "cuda": render_cuda,
    "opencl": render_opencl,
}
SIDE = 256  # of the matrices whose product says how fast loops compute
LOOPS = ("name", "outer", "inner", "past", "order")  # arguments of transforms that name loops


@dataclass(frozen=True, repr=False)
class Schedule:
    """One kernel's loops, after the transforms that were called; print it, or let a cell show it.

    kernel   what runs together
    nest     what it computes, before anybody decides how
    title    what it is called in films
    call     the text that began this: tl.schedule(x)
    given    the transforms of the recipe, if it began with them
    moves    the transforms that were called
    blocks   the `with` blocks that it is open in
    """

    kernel: Kernel
    nest: Nest
    title: str
    call: str
    given: Moves = ()
    moves: Moves = ()
    blocks: list[ExitStack] = field(default_factory=list, compare=False)

    # ------------------------------------------------------------ transforms

    def __getattr__(self, name: str) -> Callable[..., Schedule]:
        """The transform of this name, as a method."""
        part = transforms().get(name)
        if part is None:
            hint = choose(name, transforms(), "the transforms are")
            raise AttributeError(f"a schedule has no {name!r}{hint if name[0] != '_' else ''}")

        @functools.wraps(part.current)
        def transformed(*arguments: Any, **options: Any) -> Schedule:
            return self.after((name, in_order(part, arguments, options)))

        return transformed

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *transforms()})

    def after(self, move: Move) -> Schedule:
        """With one more transform. Raises ScheduleError with the reason, and with what works."""
        name, arguments = move
        try:
            refuse_unknown(Part.table[f"loops.{name}"], arguments, self.tree)
            if after_moves(self.tree, [move]).function == self.tree:
                raise Refused("it would change nothing")
        except Refused as reason:
            raise self.refused(f"{call_text(move)} does not fit: {reason}", move) from None
        return replace(self, moves=(*self.moves, move), blocks=[])

    def refused(self, says: str, wanted: Move | None = None, language: str = "") -> ScheduleError:
        """The error: what does not go, the loops as they are, and calls that go.

        wanted     the transform that was refused; None if these loops themselves will not do
        language   in which they cannot be written
        """
        judge = WRITERS.get(language, lambda tree: None)
        moves = mended(self.begun.function, self.moves, wanted, judge)
        sizes = ", ".join(f"{name} in {size}" for name, size in loop_sizes(self.tree).items())
        lines = [says, f"    the loops are {sizes}" if sizes else "    there is no loop"]
        if moves is not None:
            lines.append(f"Try {replace(self, moves=moves).text}")
        return ScheduleError("\n".join(lines))

    # ------------------------------------------------------------ what it is

    @functools.cached_property
    def begun(self) -> Cook:
        """The tree before the first call."""
        return after_moves(plain(self.nest), self.given)

    @functools.cached_property
    def tree(self) -> Function:
        """The loops as they are now."""
        return after_moves(self.begun.function, self.moves).function

    @property
    def text(self) -> str:
        """The calls that made it, to be pasted."""
        return self.call + "".join(f".{call_text(move)}" for move in self.moves)

    @property
    def read(self) -> int:
        """Bytes of what the kernel reads, each number once."""
        return self.kernel.bytes_read

    @property
    def written(self) -> int:
        """Bytes of what it writes, each number once."""
        return self.kernel.bytes_written

    @property
    def requested(self) -> int:
        """Bytes that these loops read and write line by line, as if there were no cache."""
        sizes = {m.name: m.dtype.itemsize for m in self.tree.arguments}
        return bytes_asked(self.tree.body, sizes)

    @property
    def operations(self) -> int:
        """Arithmetic operations of the kernel."""
        return self.kernel.flops

    def source(self, language: str = "") -> Listing:
        """The text of these loops: "c"; "cuda" or "opencl" where they are bound to threads."""
        threads = for_threads(self.given + self.moves)
        kind = kind_of(self.kernel.outputs[0].device)
        own = kind if kind in WRITERS and kind != "c" else "cuda"
        language = language or (own if threads else "c")
        if language not in WRITERS:
            raise ValueError(f"no text in {language!r}{choose(language, WRITERS, 'there are')}")
        if threads == (language == "c"):
            raise ScheduleError(BOUND if threads else f"{UNBOUND}\nTry {self.text}.source('c')")
        try:
            return Listing(WRITERS[language](self.tree).text)
        except Refused as reason:
            says = f"these loops cannot be written in {language}: {reason}"
            raise self.refused(says, language=language) from None

    # ------------------------------------------------------------ running it

    def use(self) -> Schedule:
        """Have the device run these loops for this kernel, wherever it occurs, from now on.

        tl.use({"recipe.chosen": None}) gives all kernels back to the recipe.
        Raises   DeviceError on the numpy device, ScheduleError if no text can be written
        """
        use(self.change())
        return self

    def __enter__(self) -> Schedule:
        stack = ExitStack()
        stack.enter_context(using(self.change()))
        self.blocks.append(stack)
        return self

    def __exit__(self, *error: object) -> None:
        self.blocks.pop().close()

    def change(self) -> dict[str, Chosen]:
        """The Part that has the device run these loops."""
        moves, first = self.given + self.moves, self.kernel.outputs[0]
        device = first.device
        if device == "numpy":
            raise DeviceError(NUMPY)
        if for_threads(moves) != has_threads(first):
            raise ScheduleError(f"{BOUND if device == 'c' else UNBOUND}, and {device} is to run it")
        self.source()
        now = CHOSEN.current if isinstance(CHOSEN.current, Chosen) else Chosen()
        return {"recipe.chosen": now.also(plain(self.nest), moves)}

    # ------------------------------------------------------------ showing it

    @property
    def film(self) -> LoopsFilm:
        """Each change of the loops, with its reason."""
        steps = list(steps_of(self.kernel, "kernel", lambda nest, name: self.whole))
        return LoopsFilm([{"title": self.title, "steps": steps}])

    @property
    def whole(self) -> Cook:
        """All transforms, the recipe's too."""
        return after_moves(plain(self.nest), self.given + self.moves)

    @property
    def costs(self) -> str:
        """What the kernel moves and computes, and what these loops ask for, in one line."""
        moved = self.read + self.written
        return (
            f"reads {amount(self.read)}, writes {amount(self.written)}; {self.operations:,} "
            f"operations: {self.operations / (moved or 1):.3g} for each byte. "
            f"Its lines ask for {amount(self.requested)}."
        )

    def roofline(self) -> Roofline:
        """How long any loops of this kernel must take on the c device, and how long these do.

        Raises   ScheduleError if they cannot be written in C, DeviceError without a compiler
        """
        self.source("c")
        recipe, these = compared(self.kernel, self.whole)
        moved = self.read + self.written
        (copy,) = compared(kernel_for(ones(max(1, moved // 8)) * 1.5))
        return Roofline(moved, copy, self.operations, fastest(), these, recipe)

    def __repr__(self) -> str:
        return f"{self.text}\n{self.film}\n\n{self.costs}"

    def _repr_html_(self) -> str:
        return f"<code>{escape(self.text)}</code>{self.film._repr_html_()}<p>{self.costs}</p>"


@dataclass(frozen=True, repr=False)
class Roofline:
    """What a kernel needs at least, and what it took.

    moved        bytes if every number is moved once
    copy         seconds in which a copy moves as much, from caches if that much fits there
    operations   arithmetic; speed: operations a second of a product of matrices
    seconds      of one run with these loops; recipe: with the recipe's
    """

    moved: int
    copy: float
    operations: int
    speed: float
    seconds: float
    recipe: float

    @property
    def roof(self) -> float:
        """Seconds that any loops need."""
        return max(self.copy, self.operations / self.speed)

    def __repr__(self) -> str:
        return (
            f"A copy that moves {amount(self.moved)} takes {duration(self.copy)}, a product of "
            f"matrices does {self.operations:,} operations in "
            f"{duration(self.operations / self.speed)}:\nabout {duration(self.roof)} is the best "
            f"there is. These loops take {duration(self.seconds)}, the recipe's "
            f"{duration(self.recipe)}."
        )


@functools.cache
def fastest() -> float:
    """Operations a second of a product of matrices that fit into the caches."""
    square = ones(SIDE, SIDE)
    (seconds,) = compared(kernel_for(square @ square))
    return 2 * SIDE**3 / seconds


def ones(*shape: int) -> Tensor:
    """Numbers in memory of the c device: of constants a kernel would read nothing."""
    return Tensor(np.ones(shape, np.float32), device="c", requires_grad=False)


def kernel_for(x: Tensor) -> Kernel:
    """The one kernel of a tensor."""
    (kernel,) = kernels_of((x,), None)
    return kernel


NUMPY = (
    "the numpy device makes array calls and has no loops to choose\n"
    'Try tl.Device.DEFAULT = "c" before the tensors are made'
)
BOUND = "these loops are bound to the threads of a GPU"
UNBOUND = "these loops are bound to no blocks and threads (bind), as a GPU's are"


def transforms() -> dict[str, Part]:
    """Every transform there is, by the name of its method."""
    every = Part.table.items()
    return {n.removeprefix("loops."): part for n, part in every if n.startswith("loops.")}


def in_order(part: Part, arguments: tuple, options: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of a transform in order, names of loops as tuples where it takes several.

    Raises   TypeError with the transform's own signature
    """
    signature = inspect.signature(part.current)
    try:
        given = signature.bind(None, *arguments, **options)
    except TypeError as error:
        says = f"{part.name.removeprefix('loops.')}: {error}"
        takes = ", ".join(map(str, list(signature.parameters.values())[1:]))
        raise TypeError(f"{says}\nIt takes ({takes})") from None
    for name, value in given.arguments.items():
        several = "Sequence" in str(signature.parameters[name].annotation)
        if several and isinstance(value, str):
            value = (value,)
        given.arguments[name] = tuple(value) if isinstance(value, list) else value
    return given.args[1:]


def refuse_unknown(part: Part, arguments: tuple, tree: Function) -> None:
    """Raise Refused for the first name of a loop that is not there, with the nearest."""
    names = list(inspect.signature(part.current).parameters)[1:]
    known = loop_sizes(tree)
    for name, value in zip(names, arguments):
        for loop in each_name((value,)) if name in LOOPS else ():
            if loop not in known and not (part.name == "loops.merge" and name == "name"):
                raise Refused(f"there is no loop {loop}{nearest(str(loop), known)}")


def call_text(move: Move) -> str:
    """A move as a call.

    >>> call_text(("sink", ("ii", ("r",))))
    'sink("ii", ("r",))'
    """
    name, arguments = move
    return f"{name}({', '.join(map(argument_text, arguments))})"


def argument_text(value: Any) -> str:
    """An argument as it is written in a call."""
    if isinstance(value, tuple):
        inside = ", ".join(map(argument_text, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return f'"{value}"' if isinstance(value, str) else repr(value)
