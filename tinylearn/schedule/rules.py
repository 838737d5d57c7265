"""The fusion rules: where is a value kept? Each rule is a Part that answers for one node.

    rule(node, readers, homes) -> (STORE or FUSE, because) or None

readers   a Use for each node that computes with this one; moves are looked through
homes     the kernels (Home) in which those readers are computed

They are asked in order; the first answer counts. A rule decides only WHERE a value is kept: it can
make a program slow, it cannot make a number wrong. The docstring is what the explainer says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CONST, EXP, EXPAND, LOG, PAD, SIN
from tinylearn.parts import Part
from tinylearn.schedule.kernel import (
    FUSE,
    JOIN,
    KERNEL_LIMIT,
    STORE,
    Home,
    Use,
    has_threads,
    is_alone,
    is_source,
    keeps_step,
    moves,
    reads_in_loops,
)
from tinylearn.schedule.rows import Passes

RULES: list[Part] = []
DEAR = (EXP, LOG, SIN)
DEAR_BYTES = 8  # exp and log take as long as moving 3 to 50 bytes, in C and NumPy
FEWEST_IN_A_ROW = 64  # numbers: softmax of 48 took twice as long in passes, of 64 no longer
MOST_IN_A_ROW = 1 << 15  # numbers: four such rows of 128 kB each fit a second-level cache
MOST_KEPT = 32 * 1024  # bytes: they stay in a first-level cache, or in the registers of a block
Answer = tuple[str, str] | None
Readers = Sequence[Use]
Homes = Sequence[Home]


def fusion_rule(function: Callable) -> Part:
    """Decorator: the function becomes the Part `fuse.<its name>`, asked after those above."""
    RULES.append(Part(f"fuse.{function.__name__}", function))
    return RULES[-1]


def size_of(count: float) -> str:
    """Bytes as a reader wants them.

    >>> size_of(12), size_of(200_704), size_of(40_000_000)
    ('12 B', '201 kB', '40 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:.3g} {unit}"


@fusion_rule
def padded(node: Node, readers: Readers, homes: Homes) -> Answer:
    """Zeros around the input of a product-sum are stored, so that its loop needs no test."""
    for use in readers:
        if node.op is PAD and use.in_product_sum and use.copies > 1 and not holds_copies(node):
            return STORE, f"the product-sum above reads each number {use.copies} times"
    return None


@fusion_rule
def factor(node: Node, readers: Readers, homes: Homes) -> Answer:
    """Looked-up factors of a product-sum are stored: each is read again and again, or by BLAS."""
    if reads_in_loops(node) and any(use.in_product_sum for use in readers):
        return STORE, f"{node} is a factor of a product-sum"
    return None


@fusion_rule
def free_move(node: Node, readers: Readers, homes: Homes) -> Answer:
    """Moving numbers only changes which index is read, so it costs nothing inside its readers."""
    if moves(node):
        who = "1 kernel reads" if len(homes) == 1 else f"{len(homes)} kernels read"
        return FUSE, f"{who} through this {node.op.name}"
    return None


@fusion_rule
def reduced_once(node: Node, readers: Readers, homes: Homes) -> Answer:
    """A reduction that several kernels need is stored, for each of them would run all its loop."""
    if node.op.kind == "reduce" and len(homes) > 1:
        return (
            STORE,
            f"{len(homes)} kernels read it; each would read {size_of(node.inputs[0].nbytes)}",
        )
    return None


@fusion_rule
def repeated(node: Node, readers: Readers, homes: Homes) -> Answer:
    """A computed value that is repeated is stored: inside its reader each copy would compute it."""
    for use in readers:
        if use.copies > 1 and node.size > 1 and not reads_in_loops(node):  # that is read anyway
            return (
                STORE,
                f"{use.reader.op.name} reads each of its {node.size} numbers {use.copies} times",
            )
    return None


@fusion_rule
def recompute_or_store(node: Node, readers: Readers, homes: Homes) -> Answer:
    """What several kernels need is stored, or recomputed in each, whichever moves fewer bytes.

    To compute an exp, log or sin once more counts as DEAR_BYTES for each number.
    """
    if len(homes) < 2:
        return None
    store = node.nbytes * (1 + len(homes))
    way = led_to(node)
    if way is None:
        return STORE, f"{len(homes)} kernels read it; more than {KERNEL_LIMIT} nodes lead to it"
    below = {x for x, is_read in way.items() if is_read}
    new = [below - reads(home, node) for home in homes]
    recompute = sum(x.nbytes for read in new for x in read)
    recompute += sum(x.nbytes for x in below if is_total_for(x, node, homes[0].readers))
    dear = [x for x, is_read in way.items() if not is_read and x.op in DEAR]
    again = (len(homes) - 1) * DEAR_BYTES * sum(x.size for x in dear)
    verdict = STORE if store < recompute + again else FUSE
    facts = f"storing moves {size_of(store)}, recomputing {size_of(recompute)}"
    if dear:
        facts += f" and {' and '.join(x.op.name for x in dear)} worth {size_of(again)}"
    return verdict, f"{len(homes)} kernels read it; {facts}"


@fusion_rule
def one_reduction(node: Node, readers: Readers, homes: Homes) -> Answer:
    """A kernel runs one reduction; a second waits in its own kernel until the first is complete."""
    for home in homes:
        if node.op.kind == "reduce" and home.reduction is not None:
            return STORE, f"{home} already runs {home.reduction}"
    return None


@fusion_rule
def epilogue(node: Node, readers: Readers, homes: Homes) -> Answer:
    """What follows a reduction number by number runs while the total is still in a register."""
    if node.op.kind == "reduce":
        return FUSE, f"saves {size_of(2 * node.nbytes)} of traffic"
    return None


@fusion_rule
def compute_where_used(node: Node, readers: Readers, homes: Homes) -> Answer:
    """A value that one kernel reads is computed there and never touches memory."""
    if len(homes) == 1:
        return FUSE, f"saves {size_of(2 * node.nbytes)} of traffic"
    return None


def _in_passing(node: Node, home: Home) -> Answer:
    """A stored value is written by a kernel that computes it anyway, and not by one of its own."""
    return JOIN, f"{home} has each number in a register; saves a read of {size_of(node.nbytes)}"


def _same_loop(first: object, second: object, shared: Sequence[Node]) -> Answer:
    """Kernels that loop over the same shape and read the same numbers share one loop."""
    saved = sum(x.nbytes for x in shared)
    return (JOIN, f"both read {shared[0]}; saves a read of {size_of(saved)}") if saved else None


def _same_rows(first: Home, second: Home, shared: Sequence[Node], passes: Passes) -> Answer:
    """Kernels that work through the same rows are passes of one, while a row is still near."""
    count, length = passes.rows
    kept, saved = passes.kept_bytes, sum(x.nbytes for x in shared)
    if length < FEWEST_IN_A_ROW and not has_threads(first.root):
        return STORE, f"rows of {length} numbers are short: several of them share a vector"
    if length > MOST_IN_A_ROW:
        return STORE, f"a row of {length} numbers would be gone from the nearest caches"
    if kept > MOST_KEPT:
        return STORE, f"a pass would leave {size_of(kept)} of a row, more than {size_of(MOST_KEPT)}"
    return JOIN, f"both go through {count} rows of {length}; saves {size_of(saved)} of traffic"


IN_PASSING = Part("join.in_passing", _in_passing)
SAME_LOOP = Part("join.same_loop", _same_loop)
SAME_ROWS = Part("join.same_rows", _same_rows)


def holds_copies(node: Node) -> bool:
    """Whether moves below the node repeat what they read: storing it would store every copy."""
    below = node.inputs[0]
    while moves(below) and below.buffer is None:
        if below.op is EXPAND:
            return True
        below = below.inputs[0]
    return False


def needs(node: Node, without: Node | None = None, inside: Home | None = None) -> set[Node] | None:
    """What is read from memory to compute `node`: the nearest sources and reductions below it.

    without   a node that is not looked behind;  inside   a kernel whose reduction is
    None if so many nodes lead to it that no kernel can compute them all.
    """
    way = led_to(node, without, inside)
    return None if way is None else {x for x, is_read in way.items() if is_read}


def led_to(
    node: Node, without: Node | None = None, inside: Home | None = None
) -> dict[Node, bool] | None:
    """The nodes on the way to `node`, each with whether it is read from memory; see `needs`."""
    way, stack = {node: False}, [node]
    while stack:
        if len(way) > KERNEL_LIMIT:
            return None
        for x in stack.pop().inputs:
            if x in way or x is without or x.op is CONST:
                continue  # a constant is in the code and not in memory
            fused = inside is not None and x in inside.members
            way[x] = is_source(x) or ((x.op.kind == "reduce" or is_alone(x)) and not fused)
            if not way[x]:
                stack.append(x)
    return way


def is_total_for(x: Node, node: Node, readers: Mapping[Node, Sequence[Node]]) -> bool:
    """Whether x is a reduction of which `node` is made, and nothing else: else x is written too."""
    seen, stack = {x}, [x] if x.op.kind == "reduce" else []
    while stack:
        for reader in readers.get(stack.pop(), ()):
            if reader is node or reader in seen:
                continue
            if not keeps_step(reader) or reader not in readers or len(seen) > KERNEL_LIMIT:
                return False
            seen.add(reader)
            stack.append(reader)
    return x.op.kind == "reduce"


def reads(home: Home, without: Node) -> set[Node]:
    """What a kernel reads even if `without` is not computed in it."""
    return set().union(*(needs(root, without, home) or () for root in home.stored))
