"""Writes a kernel as a Python function of NumPy calls: what runs on the numpy device.

Three forms, best first:
  product   a sum of products is one matmul (BLAS), and what follows it runs on the result
  blocks    strided loops become array operations on blocks that stay in the cache;
            numbers under a guard are put into a part of such a block
  nodes     anything else runs node by node, each in its NumPy meaning
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAST, DETACH, MUL, RECIP
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.machine import BLOCK, SHORT_ROW, WHOLE
from tinylearn.loops.nest import Nest, Total
from tinylearn.loops.product import is_dense, product_form, scaled_before
from tinylearn.loops.shortloops import guards
from tinylearn.loops.statements import Guard, Let, Load, Memory, Statement, Store, names_in
from tinylearn.render.numpy_block import BlockBody, Views
from tinylearn.render.numpy_box import Box, box_of, has_boxes
from tinylearn.render.numpy_product import product_lines, reshaped
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel, is_product_sum, loaded_for


def render_numpy(kernel: Kernel, nest: Nest, name: str = "kernel") -> Source:
    """The kernel as text. Its arguments are the memory of its outputs and of its inputs."""
    writer = Writer(nest, name)
    if not has_boxes(nest) or any(0 in n.shape for n in (*kernel.members, *kernel.inputs)):
        writer.by_nodes(kernel)
    else:
        writer.guarded = {v for _, g in guards(nest.inner + nest.outer) for v in g.index.variables}
        product = None if writer.guarded else product_form(nest)
        if product is not None:
            product, nest = scaled_before(product, nest)
            for line in product_lines(product):
                writer.source.add(line, product.total.node)
            writer.totals[product.total.name] = product.total
            whole = 2 * BLOCK if product.target is None else WHOLE
            done = product.target if product.target in nest.outer[:1] else None
            writer.block([s for s in nest.outer if s is not done], nest.outer_loops, whole=whole)
        else:
            stored = writer.block_totals(nest)
            writer.block([s for s in nest.outer if s not in stored], nest.outer_loops)
    return writer.source


class Writer:
    """The text of one kernel, while it is being written."""

    def __init__(self, nest: Nest, name: str):
        self.source = Source()
        self.memory = nest.memory
        self.totals: dict[str, Total] = {}
        self.stored: frozenset[str] = frozenset()  # totals that lie in the memory of an output
        self.guarded: set[Variable] = set()  # loops that guards ask about: they are not cut
        self.view_count = 0
        self.source.add(f"def {name}({', '.join(self.memory)}):", nest.arguments[0].node)
        self.source.indent = 1

    # ------------------------------------------------------------ blocks

    def block_totals(self, nest: Nest) -> list[Store]:
        """The reductions of the nest; each total becomes an array over the outer loops.

        Returns the Stores that are done with it: totals that came to be where they are stored.
        """
        done: list[Store] = []
        if not nest.totals:
            return done
        variables = memory_order(nest)
        cut = bool(piece_axes(variables, self.guarded))
        if cut:
            for t in nest.totals:
                shape = tuple(1 if v in nest.reduced_loops else v.size for v in variables)
                start = f"full({shape}, {t.start!r}, {t.dtype.name})"
                self.source.add(f"{t.name} = {start}", t.node)
        body = self.block(nest.inner, variables, tuple(t.value for t in nest.totals))
        axes = tuple(k for k, v in enumerate(variables) if v in nest.reduced_loops)
        for t in nest.totals:
            store = None if cut else self.kept_by(t, nest, axes, variables)
            self.take_in(t, body, axes, cut, store)
            done += [] if store is None else [store]
        self.source.indent = 1
        order = [v for v in variables if v not in nest.reduced_loops]
        turn = tuple(order.index(v) for v in nest.outer_loops)
        turned = "" if turn == tuple(range(len(turn))) else f".transpose({turn})"
        for t in nest.totals:
            shape = tuple(v.size for v in order)
            if any(t.name in names_in(s) for s in nest.outer if s not in done):
                self.source.add(f"{t.name} = {t.name}.reshape({shape}){turned}", t.node)
            self.totals[t.name] = t
        self.stored = frozenset(w.value for w in done)
        return done

    def kept_by(
        self, total: Total, nest: Nest, axes: tuple[int, ...], variables: tuple[Variable, ...]
    ) -> Store | None:
        """The Store in whose memory the total can come to be: in the order of the loops."""
        order = tuple(v for k, v in enumerate(variables) if k not in axes)
        for s in nest.outer:
            if (
                isinstance(s, Store)
                and s.value == total.name
                and is_dense(s.place, order, self.memory[s.memory])
            ):
                return s if order and self.memory[s.memory].dtype is total.dtype else None
        return None

    def take_in(
        self, total: Total, body: BlockBody, axes: tuple[int, ...], cut: bool, store: Store | None
    ) -> None:
        """One total takes the values of one block in; in the memory of `store`, if there is one."""
        value = body.whole(total.value)
        text = value.text
        if value.variables != frozenset(v for v in body.variables if v.size > 1):
            text = f"broadcast_to({text}, {body.shape_text()})"
        out = "None"
        if store is not None:
            shape = tuple(1 if k in axes else v.size for k, v in enumerate(body.variables))
            out = reshaped(store.memory, self.memory[store.memory].shape, shape)
        name = "add" if total.op.name == "sum" else "maximum"
        dtype = total.dtype.name if total.op.name == "sum" else "None"
        call = f"{name}.reduce({text}, {axes}, {dtype}, {out}, True)"
        last = len(body.variables) - 1
        short = last > 0 and axes == (last,) and body.variables[last].size <= SHORT_ROW
        if short and name == "maximum":
            call = f"row_max({text}, {out})"
        if not cut:
            self.source.add(f"{total.name} = {call}", total.node)
        else:
            outer = [v for k, v in enumerate(body.variables) if k not in axes]
            piece = f"{total.name}{body.cut(outer) or '[...]'}"
            self.source.add(f"{piece} = {name}({piece}, {call})", total.node)

    def block(
        self,
        statements: Sequence[Statement],
        variables: tuple[Variable, ...],
        wanted: tuple[str, ...] = (),
        whole: int = 2 * BLOCK,
    ) -> BlockBody:
        """Views, then loops over pieces, then an array operation for each statement."""
        views = self.views(statements, variables)
        pieces: dict[Variable, str] = {}
        axes = piece_axes(variables, self.guarded, whole) if statements else []
        rest = math.prod(w.size for w in variables if w not in axes)
        for v in axes:
            step = max(1, BLOCK // max(rest, 1)) if v is axes[-1] else 1
            self.source.add(f"for {v.name} in range(0, {v.size}, {step}):")
            self.source.indent += 1
            pieces[v] = f"{v.name}:{v.name} + {step}"
        body = BlockBody(
            self.source, statements, variables, pieces, views, self.totals, self.stored, wanted
        )
        body.write()
        return body

    def views(self, statements: Sequence[Statement], variables: tuple[Variable, ...]) -> Views:
        """Names of arrays that look at memory in the order of the loops."""
        views: Views = {}
        for s in statements:
            match s:
                case Let(_, Load(memory, place, asked)):
                    self.view(views, (memory, place, asked), variables)
                case Store(memory, place, _):
                    self.view(views, (memory, place, ()), variables)
        return views

    def view(
        self,
        views: Views,
        key: tuple[str, Index, tuple[Guard, ...]],
        variables: tuple[Variable, ...],
    ) -> None:
        """A line that names what is seen of a memory, if it has no name yet."""
        if key not in views:
            memory, place, asked = key
            text = view_text(self.memory[memory], place, variables, box_of(asked))
            views[key] = text
            if text != memory:
                views[key] = f"v{self.view_count}"
                self.view_count += 1
                self.source.add(f"{views[key]} = {text}", self.memory[memory].node)

    # ------------------------------------------------------------ node by node

    def by_nodes(self, kernel: Kernel) -> None:
        """Each member in its NumPy meaning, on whole arrays."""
        given = {m.node: m.name for m in self.memory.values()}
        names: dict[Node, str] = {}
        for n in kernel.inputs:
            if n in given:
                names[n] = given[n]
            elif (number := loaded_for(n)) is not None:
                names[n] = f"broadcast_to({given[number]}, {n.shape})"
            else:
                names[n] = f"full({n.shape}, {n.arg!r}, {n.dtype.name})"
        for k, n in enumerate(kernel.members):
            self.source.add(f"x{k} = {self.node_text(kernel, n, names)}", n)
            names[n] = f"x{k}"
        for n in kernel.outputs:
            self.source.add(f"{given[n]}[...] = {names[n]}", n)

    def node_text(self, kernel: Kernel, n: Node, names: dict[Node, str]) -> str:
        """One node as a NumPy call."""
        args = [names[x] for x in n.inputs]
        for x, y in (n.inputs, n.inputs[::-1]) if n.op is MUL else ():
            if y.op is RECIP and y in kernel.members:  # see loops/rewrites.py: combine
                return f"divide({names[x]}, {names[y.inputs[0]]})"
        if n.op is DETACH:
            return args[0]
        if n.op is CAST:
            return f"{args[0]}.astype({n.dtype.name})"
        if n.op.name == "sum" and is_product_sum(n) and 0 not in n.inputs[0].shape:
            return einsum_text(n, names)
        if n.op.kind == "reduce":
            call = "add" if n.op.name == "sum" else "maximum"
            dtype = f"dtype={n.dtype.name}, " if n.op.name == "sum" else ""
            return f"{call}.reduce({args[0]}, {n.arg}, {dtype}keepdims=True)"
        calls = {"pad": "pad", "shrink": "shrink", "expand": "broadcast_to"}
        name = calls.get(n.op.name, n.op.numpy.__name__)
        return f"{name}({', '.join(args + ([repr(n.arg)] if n.op.kind == 'move' else []))})"


def einsum_text(n: Node, names: dict[Node, str]) -> str:
    """A sum of products as einsum; axes of which a factor holds copies are left out of it."""
    factors, letters = [], "abcdefghijklmnopqrstuvwxyz"[: len(n.shape)]
    subscripts = []
    for x in n.inputs[0].inputs:
        inner = x.inputs[0] if x.op.name == "expand" and x.inputs[0] in names else x
        kept = [a for a in range(len(n.shape)) if inner.shape[a] > 1 or inner is x]
        factors.append(f"{names[inner]}.reshape({tuple(inner.shape[a] for a in kept)})")
        subscripts.append("".join(letters[a] for a in kept))
    # An axis that neither factor has counts its size; an axis of the result must be in a factor.
    missing = [a for a in range(len(n.shape)) if not any(letters[a] in s for s in subscripts)]
    times = math.prod(n.inputs[0].shape[a] for a in missing if a in n.arg)
    result = "".join(c for a, c in enumerate(letters) if a not in n.arg and a not in missing)
    shape = tuple(1 if a in missing else s for a, s in enumerate(n.shape))
    call = f'einsum("{",".join(subscripts)}->{result}", {", ".join(factors)}, optimize=True)'
    scaled = f"({call} * {times})" if times != 1 else call
    text = f"{scaled}.reshape({shape})"
    return text if shape == n.shape else f"broadcast_to({text}, {n.shape})"


def memory_order(nest: Nest) -> tuple[Variable, ...]:
    """The loops in the order in which the largest load walks through memory, far steps first."""
    variables = nest.outer_loops + nest.reduced_loops
    loads = [
        s.expression for s in nest.inner if isinstance(s, Let) and isinstance(s.expression, Load)
    ]
    if not loads:
        return variables
    memory = nest.memory
    largest = max(loads, key=lambda load: memory[load.memory].size)
    return tuple(sorted(variables, key=lambda v: -abs(largest.place.factor(v))))


def piece_axes(
    variables: Sequence[Variable], guarded: AbstractSet[Variable], whole: int = 2 * BLOCK
) -> list[Variable]:
    """The leading loops that must be cut so that a block fits the cache; none if all is small."""
    axes: list[Variable] = []
    rest = math.prod(v.size for v in variables)
    for v in variables:
        if rest <= (2 * BLOCK if axes else whole):
            break
        if v not in guarded:
            axes.append(v)
            rest //= max(v.size, 1)
    return axes


def view_text(memory: Memory, place: Index, variables: Sequence[Variable], box: Box) -> str:
    """An array over the loops (or a box of them) that looks at memory.

    Axes that do not matter have size 1.
    """
    steps = [place.factor(v) for v in variables]
    ranges = [box.get(v, (0, v.size)) for v in variables]
    shape = tuple(b - a if f else 1 for (a, b), f in zip(ranges, steps, strict=True))
    start = place.constant + sum(a * f for (a, _), f in zip(ranges, steps, strict=True))
    start = 0 if 0 in shape else start  # a box that holds nothing may lie behind the memory
    expected, in_order = 1, start == 0
    for n, f in reversed(list(zip(shape, steps, strict=True))):
        in_order = in_order and (n == 1 or f == expected)
        expected *= n
    if in_order and expected == memory.size:
        return reshaped(memory.name, memory.shape, shape)
    return f"strided({memory.name}, {start}, {shape}, {tuple(steps)})"
