"""What each statement of a notebook makes, uses and may change: names, found without running it.

    Piece(...)                      one top-level statement, and its names
    Notebook(pieces).needed(seeds)  the pieces that can matter to some names

The rule: a piece matters if it makes a needed name, if it changes what a needed name stands for
(`K["two"] = 2`, `K.append(2)`, `Box.two = 2`), or if running it can reach such a thing through
the notebook's own functions (`fill()`). In doubt it matters: it costs a little time to run.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
AT_ONCE = {
    "listcomp",
    "setcomp",
    "dictcomp",
    "genexpr",
    "lambda",
}  # blocks that run where they stand
# Whoever calls these may reach any name, or files that another cell reads.
ANYTHING = {
    "__import__", "__main__", "compile", "delattr", "eval", "exec", "get_ipython", "globals",
    "locals", "open", "setattr", "vars",
}  # fmt: skip
ALL_NAMES = {"__main__", "get_ipython", "globals", "locals", "vars"}  # what these give holds them
# Called with a function they change nothing about it.
ONLY_LOOK = {
    "all", "any", "callable", "dir", "enumerate", "filter", "getattr", "hasattr", "hash", "help",
    "id", "isinstance", "issubclass", "len", "list", "map", "max", "min", "print", "range", "repr",
    "sorted", "str", "sum", "tuple", "type", "zip", "display",
}  # fmt: skip


@dataclass(eq=False)
class Piece:
    """One top-level statement of a cell, and its names.

    source    as it stands in the cell, where its names are read; "" if that is not known
    makes     bound when it runs            later   bound by its functions, as globals
    now       looked up while it runs       asleep  looked up by its functions, once they run
    stores    x of x[...] = ..., x.name = ..., del x[...]
    hands     x of x.method(...) and f(x): what a call may change
    """

    cell: int
    node: ast.stmt
    flags: int = 0  # of the compiler: __future__ imports so far
    is_last: bool = False  # in its cell
    is_below: bool = False  # below the place where the answer is checked
    place: int = 0  # among all pieces
    source: str = ""
    makes: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)
    asleep: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    hands: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls, cell: int, node: ast.stmt, flags: int = 0, is_last: bool = False, source: str = ""
    ) -> Piece:
        piece = cls(cell, node, flags, is_last, source=source)
        piece.look_up()
        for found in piece.running:
            piece.look_at(found)
        return piece

    @property
    def uses(self) -> set[str]:
        return self.now | self.asleep

    @cached_property
    def running(self) -> list[ast.AST]:
        return list(running(self.node))

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in walk(self.node) if isinstance(node, ast.Call)]

    @property
    def names(self) -> tuple[frozenset[str], ...]:
        """All its names, by what it does with them: pieces of equal text have equal names."""
        return tuple(map(frozenset, (self.makes, self.later, self.now, self.asleep)))

    @cached_property
    def text(self) -> str:
        """As Python writes it: equal texts are equal statements; "" if there is none."""
        try:
            return ast.unparse(self.node)
        except (ValueError, RecursionError):
            return ""

    def look_up(self) -> None:
        """Fill in makes, later, now and asleep, by Python's own rules of scope."""
        found = self.names_in(self.source) or self.names_in(self.text)
        if found is None:  # the compiler will say it in its words
            self.now = {node.id for node in walk(self.node) if isinstance(node, ast.Name)}
            return
        self.makes, self.later, self.now, self.asleep = map(set, found)
        self.now -= loop_names(self.running)

    def names_in(self, text: str) -> tuple[frozenset[str], ...] | None:
        """(makes, later, now, asleep) of its text; None where that is no Python, or not there."""
        try:
            return names_by_scope(text) if text else None
        except (SyntaxError, ValueError, RecursionError):
            return None

    def look_at(self, node: ast.AST) -> None:
        """Fill in stores and hands from one node that runs when the piece runs."""
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self.stores |= root(node)
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if not called:
                self.hands |= root(node.func)
            if called not in ONLY_LOOK:
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    self.hands |= names_in(argument)
        elif isinstance(node, ast.ClassDef):  # a base is told of every class below it
            self.hands |= {name for base in node.bases for name in names_in(base)}
        if isinstance(node, DEFINITIONS):
            for decorator in node.decorator_list:
                if not isinstance(decorator, ast.Name):
                    self.hands |= root(decorator)

    @cached_property
    def is_plain(self) -> bool:
        """Whether what it makes has no state: a function, an import, an unchanging value."""
        node = self.node
        if isinstance(node, ast.Import | ast.ImportFrom):
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            defaults = [*node.args.defaults, *node.args.kw_defaults]
            kept = all(default is None or is_constant(default) for default in defaults)
            return kept and not node.decorator_list and node.name not in attributes_set(node)
        return isinstance(node, ast.Assign) and is_constant(node.value)

    @cached_property
    def runs(self) -> bool:
        """Whether it does more than to define a function, or to import."""
        is_import = isinstance(self.node, ast.Import | ast.ImportFrom)
        is_function = isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef)
        return not is_import and not (is_function and not self.node.decorator_list)  # type: ignore[attr-defined]


@lru_cache(maxsize=500)
def names_by_scope(text: str) -> tuple[frozenset[str], ...]:
    """(makes, later, now, asleep) of a statement. Kept: every notebook repeats what is given."""
    makes, later, now, asleep = set[str](), set[str](), set[str](), set[str]()
    tables = [(symtable.symtable(text, "cell", "exec"), True)]
    while tables:
        table, at_once = tables.pop()
        top = table.get_type() == "module"
        for inner in table.get_children():
            own = inner.get_type() == "class" or inner.get_name() in AT_ONCE
            tables.append((inner, at_once and own))
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if not top and not symbol.is_global():
                continue
            if symbol.is_assigned() or symbol.is_imported():
                (makes if at_once else later).add(name)
            if symbol.is_referenced():
                (now if at_once else asleep).add(name)
    return frozenset(makes), frozenset(later), frozenset(now), frozenset(asleep)


def below(node: ast.AST) -> list[ast.AST]:
    """What stands directly below, as ast.iter_child_nodes has it, in a third of its time."""
    found: list[ast.AST] = []
    for value in vars(node).values():
        kind = type(value)
        if kind is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif kind is not int and kind is not ast.Load and isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all that is below it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += below(node)


def running(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a statement runs: not the bodies of functions."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            defaults = [*node.args.defaults, *node.args.kw_defaults]
            waiting += [*node.decorator_list, *(default for default in defaults if default)]
        elif not isinstance(node, ast.Lambda):
            waiting += below(node)


def loop_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that a block binds before it looks at them: for x in ..., with ... as x."""
    found: set[str] = set()
    for inner in nodes:
        if isinstance(inner, ast.For | ast.AsyncFor):
            found |= {n.id for n in walk(inner.target) if isinstance(n, ast.Name)}
        elif isinstance(inner, ast.withitem) and isinstance(inner.optional_vars, ast.Name):
            found.add(inner.optional_vars.id)
        elif isinstance(inner, ast.ExceptHandler) and inner.name:
            found.add(inner.name)
    return found


def root(node: ast.AST) -> set[str]:
    """The name that an expression begins with: K of K[0].x(...)."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def names_in(node: ast.AST) -> set[str]:
    """The names in an argument, but for those that are only called there."""
    called = {id(n.func) for n in walk(node) if isinstance(n, ast.Call)}
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and id(n) not in called}


def attributes_set(node: ast.AST) -> set[str]:
    """The names whose attributes or items are set somewhere below, functions included."""
    found: set[str] = set()
    for inner in walk(node):
        if isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(inner.ctx, ast.Store):
            found |= root(inner)
    return found


def is_constant(node: ast.expr) -> bool:
    """Whether an expression gives a value that nothing can change: numbers, texts, lambdas."""
    if isinstance(node, ast.Tuple):
        return all(map(is_constant, node.elts))
    if isinstance(node, ast.BinOp):
        return is_constant(node.left) and is_constant(node.right)
    if isinstance(node, ast.UnaryOp):
        return is_constant(node.operand)
    return isinstance(node, ast.Constant | ast.Lambda)


# ---------------------------------------------------------------- which pieces matter


class Notebook:
    """Pieces in their order, and by the names that would make each of them matter.

    makers    bind a name               changers   change what it stands for
    binders   bind it by a `global`     reaching   run functions that look it up
    """

    def __init__(self, pieces: list[Piece], given: Iterable[str] = ()):
        self.pieces, self.given = pieces, set(given)
        self.makers: dict[str, list[Piece]] = {}
        self.changers: dict[str, list[Piece]] = {}
        self.binders: dict[str, list[Piece]] = {}
        self.reaching: dict[str, list[Piece]] = {}
        for place, piece in enumerate(pieces):
            piece.place = place
            enter(self.makers, piece, piece.makes)
            enter(self.changers, piece, piece.stores | piece.hands)
        self.anything = ANYTHING | set(other_names(pieces))
        self.wild: set[Piece] = set()  # may reach any name
        for piece in pieces:
            if piece.runs:
                looked_up, bound = self.reach(piece)
                enter(self.reaching, piece, looked_up)
                enter(self.binders, piece, bound)
                if looked_up & self.anything:
                    self.wild.add(piece)

    def reach(self, piece: Piece) -> tuple[set[str], set[str]]:
        """What running a piece may look up, and bind, through the notebook's functions."""
        seen: set[str] = set()
        bound: set[str] = set()
        waiting = list(piece.now)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            others = self.makers.get(name, [])
            if not self.is_plain(name):
                others = others + self.changers.get(name, [])
            for other in others:
                if other is not piece:
                    waiting += other.uses
                    bound |= other.later
        return seen, bound

    def is_plain(self, name: str) -> bool:
        """Whether a name only ever stands for things without state of their own."""
        return all(maker.is_plain for maker in self.makers.get(name, ()))

    def is_imported(self, name: str) -> bool:
        """Whether no cell makes it, other than by an import."""
        makers = self.makers.get(name, ())
        return all(isinstance(maker.node, ast.Import | ast.ImportFrom) for maker in makers)

    def is_constant(self, name: str) -> bool:
        """Whether it only ever stands for numbers, texts and the like."""
        makers = self.makers.get(name, ())
        return all(isinstance(m.node, ast.Assign) and m.is_plain for m in makers)

    def needed(self, seeds: list[Piece]) -> list[Piece]:
        """The seeds, and all pieces that can matter to them, in their order."""
        end = len(self.pieces)
        taken = {*seeds, *(p for p in self.pieces if not p.is_below and self.is_loose(p))}
        wanted: dict[str, int] = {}  # a name, and before which place it is looked up
        new = [(piece, piece in seeds) for piece in taken]
        while new:
            piece, is_seed = new.pop()
            at = dict.fromkeys(piece.now, piece.place)
            at |= dict.fromkeys(piece.asleep | piece.later, end)
            at |= dict.fromkeys(piece.makes, end) if is_seed else {}
            for name, before in at.items():
                if wanted.get(name, -1) < before:
                    wanted[name] = before
                    others = set(self.mattering(name, before)) - taken
                    taken |= others
                    new += [(other, False) for other in others]
        return [piece for piece in self.pieces if piece in taken]

    def mattering(self, name: str, before: int) -> Iterator[Piece]:
        """The pieces that matter to whoever looks a name up before a place in the notebook.

        Where nothing there makes it, whatever does: cells are run in other orders, too.
        """
        makers = self.makers.get(name, [])
        is_known = name in self.given or any(not maker.is_below for maker in makers)
        is_early = name in self.given or any(maker.place < before for maker in makers)
        changers = self.changers.get(name, [])
        if self.is_imported(name) or self.is_constant(name):  # calls of these change nothing
            changers = [piece for piece in changers if name in piece.stores]
        found = [*makers, *changers, *self.binders.get(name, ())]
        if not self.is_plain(name):
            found += self.reaching.get(name, ())
        for piece in found:
            if not (piece.is_below and is_known) and (piece.place < before or not is_early):
                yield piece

    def is_loose(self, piece: Piece) -> bool:
        """Whether a piece must run whoever asks: it may reach anything, or touches no cell's names.

        np.random.seed(0)   sys.setrecursionlimit(10_000)   from math import *   raise ValueError
        """
        node = piece.node
        if piece in self.wild or isinstance(node, ast.Raise) or any(map(is_star, piece.running)):
            return True
        if any(map(self.is_imported, piece.stores)):
            return True  # os.environ["X"] = "1"
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            return all(map(self.is_imported, piece.now))
        return isinstance(node, ast.Assert) and all(map(self.is_imported, piece.now))


def other_names(pieces: list[Piece]) -> Iterator[str]:
    """Names that stand for what holds all names: shell = get_ipython(), main = sys.modules[...]."""
    for node in (piece.node for piece in pieces):
        if isinstance(node, ast.ImportFrom):
            yield from (a.asname for a in node.names if a.asname and a.name in ALL_NAMES)
        elif isinstance(node, ast.Assign):
            inner = list(walk(node.value))
            of_modules = any(isinstance(n, ast.Attribute) and n.attr == "modules" for n in inner)
            if of_modules or root(node.value) & ALL_NAMES:
                yield from (t.id for t in node.targets if isinstance(t, ast.Name))


def is_star(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def enter(index: dict[str, list[Piece]], piece: Piece, names: Iterable[str]) -> None:
    for name in names:
        index.setdefault(name, []).append(piece)
