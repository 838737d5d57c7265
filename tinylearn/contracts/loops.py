"""The contracts of loops: whatever is rewritten, transformed or chosen, the numbers stay the same.

    nest.<rewrite>      nest -> nest
    loops.<transform>   (function, names of loops, ...) -> function, or Refused with a reason
    recipe.<kind>       what is done to a kernel's tree, in what order
    recipe.chosen       which transforms one kernel gets instead; .tuned: after it was tuned

Each is tried on small awkward kernels. What it gives is run by the interpreter of trees, and a nest
again as NumPy text after the rewrites that follow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from tinylearn.contracts.kernels import CLOSE, Sample, samples
from tinylearn.contracts.measure import called, compare
from tinylearn.devices.numpy_device import RENDER, compiled
from tinylearn.loops import transforms
from tinylearn.loops.check import in_form, loops_text, nest_in_form
from tinylearn.loops.chosen import after_moves
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import AVX2, AVX512, NEON
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import REWRITES
from tinylearn.loops.run import Broken, run
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.text import shown
from tinylearn.loops.tree import Function, Loop, Refused, plain, statements
from tinylearn.parts import ContractError

SMALL = 3_000  # statements that run: the interpreter takes a few milliseconds for so many
MEDIUM = 40_000  # what is tried only once may be larger
TRIED = 12  # ways in which a transform is tried on one kernel
Case = tuple[Function, tuple[Any, ...]]


# ---------------------------------------------------------------- rewrites of nests


def check_rewrite(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of a rewrite that `function` breaks."""
    names = [part.name for part in REWRITES]
    place = names.index(name) if name in names else len(names)
    for sample in samples():
        nest = lower(sample.kernel)
        for part in REWRITES[:place]:
            nest = part.default(nest)
        where = f"the loops of {sample.says}: {loops_text(nest)}"
        before = repr(nest)
        answer = called(name, function, where, nest)
        if repr(nest) != before:
            says = f"{name} changed the nest it was given; make a new one with replace(nest, ...)"
            raise ContractError(f"{says}\n    called with {where}")
        same_nest(name, sample, answer, where)
        followed(name, sample, answer, place, where)


def same_nest(name: str, sample: Sample, answer: Any, where: str) -> None:
    """What was returned is a nest, and computes what the kernel computes."""
    got = ""
    try:
        nest_in_form(answer)
        got = f"\n    got {loops_text(answer)}"
        in_form(plain(answer))
    except Broken as broken:
        raise ContractError(f"{name}: {broken}\n    called with {where}{got}") from None
    except Exception as error:  # an object that is not what its type says
        says = f"{name}: the loops that it returned cannot be read: {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}") from error
    if size(plain(answer)) <= MEDIUM:
        same_numbers(name, sample, plain(answer), f"{where}{got}")


def followed(name: str, sample: Sample, nest: Nest, place: int, where: str) -> None:
    """The rewrites that follow, and the numpy device, can work with it."""
    kernel = sample.kernel
    try:
        for part in REWRITES[place + 1 :]:
            nest = part.default(nest)
        text = RENDER.default(kernel, nest, "kernel").text
        found = {n: np.zeros(n.shape, n.dtype.numpy) for n in kernel.outputs}
        memory = [np.array(sample.memory[n], order="C") for n in kernel.loaded]
        with np.errstate(all="ignore"):
            compiled(text, "kernel")(*found.values(), *memory)
    except Exception as error:
        says = f"{name}: what comes after it fails: {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}") from error
    for node, expected in sample.expected.items():
        right(name, node, f"{where}, run as NumPy text", found[node], expected)


# ---------------------------------------------------------------- transforms of trees


def check_transform(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of a transform that `function` breaks."""
    for sample, before, arguments in cases(name.removeprefix("loops.")):
        said = ", ".join(map(repr, arguments))
        where = f"({said}) on the loops of {sample.says}:\n{indented(before)}"
        try:
            answer = function(before, *arguments)
        except Refused:
            continue
        except Exception:
            answer = called(name, function, where, before, *arguments)
        same_tree(name, sample, answer, where)


def check_recipe(name: str, function: Callable) -> None:
    """Raise ContractError with the first kernel that a recipe makes wrong."""
    recipe = {"recipe.elementwise": "elementwise", "recipe.reduction": "reduction"}[name]

    def silent(*arguments: Any) -> None:
        answer = function(*arguments)
        if answer is not None:
            says = f"{name} must return nothing: it calls cook.do(...), and got {answer!r}"
            raise ContractError(says)

    for sample, nest in nests():
        for machine in (AVX512, AVX2, NEON):
            where = f"the loops of {sample.says}: {loops_text(nest)}, vectors of {machine.vector}"
            cook = called(name, cooked, where, nest, "kernel", machine, **{recipe: silent})
            same_tree(name, sample, cook.function, where)


def check_choice(name: str, function: Callable) -> None:
    """Raise ContractError for the first kernel whose chosen loops are none, or are wrong."""
    for sample, nest in nests():
        tree = plain(nest)
        for more in [(False,), (True,)] if name == "recipe.chosen" else [()]:
            where = f"the loops of {sample.says}: {loops_text(nest)}"
            moves = called(name, function, where, tree, *more)
            try:
                answer = after_moves(tree, moves or ()).function
            except Refused:
                continue
            except Exception as error:
                wanted = 'moves such as (("split", ("i", 4)), ("unroll", ("ii",))), or None'
                says = f"{name} must return {wanted}, and got {moves!r}"
                raise ContractError(f"{says}\n    called with {where}") from error
            same_tree(name, sample, answer, where)


def same_tree(name: str, sample: Sample, answer: Any, where: str) -> None:
    """What was returned is a tree, and computes what the kernel computes."""
    got = ""
    try:
        in_form(answer)
        got = f"\n    got\n{indented(answer)}"
    except Broken as broken:
        raise ContractError(f"{name}: {broken}\n    called with {where}") from None
    except Exception as error:
        says = f"{name}: what it returned cannot be read: {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}") from error
    same_numbers(name, sample, answer, f"{where}{got}")


def same_numbers(name: str, sample: Sample, function: Function, where: str) -> None:
    """All outputs have the numbers of the kernel, by the interpreter."""
    given = {m.name: sample.memory[m.node] for m in function.arguments if m.node in sample.memory}
    try:
        found = run(function, given)
    except Broken as broken:
        raise ContractError(f"{name}: {broken}\n    called with {where}") from None
    except Exception as error:
        says = f"{name}: the loops that it returned cannot be run: {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}") from error
    for m in function.arguments:
        if m.name in found and m.node is not None:
            right(name, m.node, where, found[m.name], sample.expected[m.node])


def right(name: str, node: Any, where: str, found: np.ndarray, expected: np.ndarray) -> None:
    """One output has the numbers of the kernel."""
    what = f"what is written to {node}"
    compare(name, what, where, found, expected, CLOSE.get(str(node.dtype), 0.0))


def indented(function: Function) -> str:
    """A tree's text as a part of a message."""
    return "\n".join(f"    {row}" for row in shown(function).splitlines())


# ---------------------------------------------------------------- on what they are tried


def size(function: Function) -> int:
    """How many statements run."""

    def count(body: tuple) -> int:
        return sum(s.variable.size * count(s.body) if isinstance(s, Loop) else 1 for s in body)

    return count(function.body)


@cache
def nests() -> tuple[tuple[Sample, Nest], ...]:
    """Small kernels after all rewrites."""
    found = []
    for sample in samples():
        nest = lower(sample.kernel)
        for part in REWRITES:
            nest = part.default(nest)
        if size(plain(nest)) <= SMALL:
            found.append((sample, nest))
    return tuple(found)


def cases(name: str) -> Iterator[tuple[Sample, Function, tuple[Any, ...]]]:
    """A kernel, its tree, and the arguments with which a transform is tried on it."""
    for sample, nest in nests():
        every = WAYS[name](plain(nest))
        for function, arguments in islice(every, TRIED):
            yield sample, function, arguments


def loops(function: Function) -> list[Loop]:
    return [s for s in statements(function.body) if isinstance(s, Loop)]


def each(function: Function) -> Iterator[Case]:
    """With each loop."""
    for s in loops(function):
        yield function, (s.variable.name,)


def alone(function: Function) -> Iterator[Case]:
    """The tree as it stands, and with vectors."""
    yield function, ()
    for blocks, (name,) in vectors(function):
        with contextlib.suppress(Refused):
            yield transforms.vectorize.default(blocks, name), ()


def splits(function: Function) -> Iterator[Case]:
    """Each loop, in blocks that fit and that do not."""
    for by, rest in ((4, "tile"), (3, "overlap"), (2, "plain"), (4, "guard"), (1, "tile")):
        for s in loops(function):
            yield function, (s.variable.name, by, rest)


def sinks(function: Function) -> Iterator[Case]:
    """Each loop past those inside it: all of them, or the next."""
    for space in ("register", "local"):
        for s in loops(function):
            inside = [t.variable.name for t in statements(s.body) if isinstance(t, Loop)]
            if inside:
                yield function, (s.variable.name, tuple(inside), space)
                yield function, (s.variable.name, tuple(inside[:1]), space)


def stages(function: Function) -> Iterator[Case]:
    """Each value that is read, at each loop, in both orders of the loops."""
    names = [s.variable.name for s in loops(function)]
    for s in statements(function.body):
        if isinstance(s, Let) and isinstance(s.expression, Load):
            for at in ("", *names[:1]):
                yield function, (s.name, at, tuple(names))
                yield function, (s.name, at, tuple(reversed(names)))


def vectors(function: Function) -> Iterator[Case]:
    """Each innermost loop in blocks of four."""
    for s in loops(function):
        try:
            blocks = transforms.split.default(function, s.variable.name, 4, "plain")
        except Refused:
            continue
        yield blocks, (f"{s.variable}i",)


def parked(function: Function) -> Iterator[Case]:
    """Totals that are kept in registers along the innermost of the outer loops."""
    for s in loops(function):
        inside = tuple(t.variable.name for t in statements(s.body) if isinstance(t, Loop))
        try:
            sunk = transforms.sink.default(function, s.variable.name, inside)
        except Refused:
            continue
        yield transforms.unroll.default(sunk, s.variable.name), (s.variable.name, "total0")


def bindings(function: Function) -> Iterator[Case]:
    """Each loop to the threads of a block, alone and inside blocks."""
    names = [s.variable.name for s in loops(function)]
    for name in names:
        yield function, ((name, "thread.x"),)
        if name != names[0]:
            yield function, ((names[0], "block.x"), (name, "thread.x"))


def guarded(function: Function) -> Iterator[Case]:
    """Trees with an if in one loop, or in two."""
    for s in [s for s in loops(function) if s.variable.size]:
        once = transforms.split.default(function, s.variable.name, 3, "guard")
        yield once, ()
        yield transforms.split.default(once, f"{s.variable}i", 2, "guard"), ()


def neighbours(function: Function) -> Iterator[Case]:
    """Each loop with the one right inside it."""
    for s in loops(function):
        for t in s.body:
            if isinstance(t, Loop):
                yield function, (s.variable.name, t.variable.name, "both")


WAYS: dict[str, Callable[[Function], Iterator[Case]]] = {
    "split": splits,
    "sink": sinks,
    "stage": stages,
    "vectorize": vectors,
    "park": parked,
    "subtotal": each,
    "unroll": each,
    "stream": alone,
    "bind": bindings,
    "merge": neighbours,
    "predicate": guarded,
    "combine": each,
    "rfactor": each,
}
