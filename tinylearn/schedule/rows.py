"""Kernels that work through the same rows may become passes of one kernel.

    softmax(x)   for each row:  the largest number
                                exp(x - largest), and the sum of that
                                exp * (1 / sum)

A row is what one total along the last axes takes in. A kernel works through rows if it has such
totals, or if it computes number by number what lies in such rows. What one pass stores and another
reads must be read in the same row: at the place where it was written, or once for the whole row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import DETACH, EXPAND, PERMUTE, RESHAPE
from tinylearn.schedule.kernel import Home, is_alone, is_product_sum, moves

ALONG = "along"  # its numbers are used one by one along the row
ONCE = "once"  # one number of it is used in the whole row
ELSEWHERE = "elsewhere"  # this row may use what belongs to others

MOST_PASSES = 6  # a row has left the nearest caches after more of them
Uses = Mapping[Node, str]


class Rows(NamedTuple):
    """How many rows there are, and how many numbers each has."""

    many: int
    length: int


class Passes(NamedTuple):
    """What a kernel over rows would be.

    rows    through which it works
    homes   those whose loops are run together, pass by pass
    kept    that of which one pass leaves a row to those after it
    """

    rows: Rows
    homes: list[list[Home]]
    kept: list[Node]

    @property
    def kept_bytes(self) -> int:
        """How much is kept of one row."""
        return sum(n.nbytes for n in self.kept) // self.rows.many


# ---------------------------------------------------------------- one kernel


def rows_of(home: Home) -> Rows | None:
    """The rows that the totals of a kernel take in; None if it has none, or is a matrix product."""
    total = home.reduction
    if total is None or is_alone(home.root) or is_matrix_product(total):
        return None
    return rows_added_up(total)


def rows_added_up(total: Node) -> Rows | None:
    """The rows of a reduction along the last axes."""
    shape = total.inputs[0].shape
    across = [a for a, n in enumerate(shape) if n != 1 and a not in total.arg]
    along = [a for a in total.arg if shape[a] != 1]
    if not across or not along or across[-1] > min(along) or 0 in shape:
        return None
    return Rows(total.size, total.inputs[0].size // total.size)


def is_matrix_product(total: Node) -> bool:
    """Whether both factors of a product-sum are repeated: each serves several totals."""
    return is_product_sum(total) and all(map(is_repeated, total.inputs[0].inputs))


def is_repeated(node: Node) -> bool:
    """Whether moves repeat the numbers of a node."""
    while moves(node) and node.buffer is None:
        if node.op is EXPAND and node.size > node.inputs[0].size:
            return True
        node = node.inputs[0]
    return False


def uses_in_rows(home: Home, rows: Rows) -> Uses:
    """{node: ALONG, ONCE or ELSEWHERE} in one row; {} if it does not work through these rows."""
    if is_alone(home.root) or (home.reduction is not None and rows_of(home) != rows):
        return {}
    uses = {n: by_size(n, rows) for n in home.stored}
    if ELSEWHERE in uses.values():
        return {}
    for node in sorted(home.members, key=home.place.__getitem__, reverse=True):
        for x in node.inputs:
            use = below(node, x, uses[node], rows)
            uses[x] = use if uses.get(x, use) == use else ELSEWHERE
    inside = [*home.stored, *(n for n in home.members if n.op.kind == "reduce")]
    return {} if any(uses[n] == ELSEWHERE for n in inside) else uses


def by_size(node: Node, rows: Rows) -> str:
    """How a kernel that stores a node goes through it, by how many numbers it has."""
    sizes = {rows.many * rows.length: ALONG, rows.many: ONCE}
    return sizes.get(node.size, ELSEWHERE)


def below(reader: Node, x: Node, use: str, rows: Rows) -> str:
    """How an input is used, if its reader is used like this.

    Where all numbers keep their order in memory, so do the rows.
    """
    if use == ELSEWHERE:
        return ELSEWHERE
    if reader.op.kind == "elementwise" or reader.op in (RESHAPE, DETACH):
        return use
    if reader.op.kind == "reduce":
        return ALONG if use == ONCE and rows_added_up(reader) == rows else ELSEWHERE
    if reader.op is PERMUTE:
        order = [a for a in reader.arg if x.shape[a] != 1]
        return use if all(a < b for a, b in pairwise(order)) else ELSEWHERE
    if reader.op is EXPAND:
        if x.size == reader.size:
            return use
        own = [a for a, n in enumerate(x.shape) if n != 1]
        repeated = [a for a, n in enumerate(x.shape) if n != reader.shape[a]]
        whole_rows = use == ALONG and x.size == rows.many and own[-1:] < repeated[:1]
        return ONCE if whole_rows else ELSEWHERE
    return ELSEWHERE


# ---------------------------------------------------------------- several kernels


def passes_over(homes: Iterable[Home], rows: Rows, known: dict[Home, Uses]) -> Passes | None:
    """The passes that kernels make over the rows, or None if one reads what another row has made.

    A kernel that reads a total waits for the pass after it; else it shares a loop with what it
    reads from.

    known   the answers of `uses_in_rows` for these rows; more are added
    """
    homes = list(homes)
    for home in homes:
        if home not in known:
            known[home] = uses_in_rows(home, rows)
        if not known[home]:
            return None
    made = {n: home for home in homes for n in home.stored}
    read = {h: [(x, known[h][x]) for x in known[h].keys() & made.keys() - h.members] for h in homes}
    if any(use != by_size(x, rows) for found in read.values() for x, use in found):
        return None
    number = numbered(read, made, rows)
    if max(number.values()) >= MOST_PASSES:
        return None
    between = {x for h in homes for x, use in read[h] if number[made[x]] < number[h]}
    kept = [n for n in made if n in between and by_size(n, rows) == ALONG]
    order = sorted(set(number.values()))
    return Passes(rows, [[h for h in homes if number[h] == k] for k in order], kept)


def numbered(
    read: Mapping[Home, list[tuple[Node, str]]], made: Mapping[Node, Home], rows: Rows
) -> dict[Home, int]:
    """In which pass each kernel runs: the first in which all that it reads is there."""
    number = dict.fromkeys(read, 0)
    changed = True
    while changed:
        changed = False
        for home, found in read.items():
            loops = home.reduction is not None or by_size(home.root, rows) == ALONG
            after = [number[made[x]] + (use == ONCE and loops) for x, use in found]
            if max(after, default=0) > number[home]:
                number[home], changed = max(after), True
    return number
