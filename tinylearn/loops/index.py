"""Index arithmetic: sums of loop variables with integer factors, and what // and % leave of them.

An Index is kept in one canonical form, so equal indices are equal objects to a dict, and every
simplification follows from one fact: how small and how large each part can become.

>>> i, j = variable("i", 4), variable("j", 10)
>>> place = i * 10 + j
>>> place // 10, place % 10
(i, j)
>>> (i * 8 + j) // 10
((8*i + j) // 10)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tinylearn.changes import run_once

run_once(globals())


@dataclass(frozen=True)
class Variable:
    """A loop variable: 0 <= value < size."""

    name: str
    size: int

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return self.size - 1

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Divided:
    """What is left of a // or % that could not be simplified. op is "//" or "%"."""

    op: str
    of: Index
    by: int

    @property
    def low(self) -> int:
        return self.of.low // self.by if self.op == "//" else 0

    @property
    def high(self) -> int:
        if self.op == "//":
            return self.of.high // self.by
        return self.by - 1 if self.of.low < 0 else min(self.by - 1, self.of.high)

    def __repr__(self) -> str:
        inner = repr(self.of)
        return f"({f'({inner})' if ' ' in inner or '*' in inner else inner} {self.op} {self.by})"


@dataclass(frozen=True)
class Within:
    """An index of which a guard says that it lies in 0..size-1: nothing is read where it does not.

    While indices are being simplified this is known of it; `released` makes it plain again.
    """

    of: Index
    size: int

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return self.size - 1

    def __repr__(self) -> str:
        return repr(self.of)


@dataclass(frozen=True)
class Looked:
    """A whole number that an earlier line of a kernel has made: nobody knows which.

    size   it is from 0 to size - 1, for it was checked before; 0: nothing is known
    of     where in memory it came from: in rounds in which that is the same, so is the number
    """

    value: str
    size: int = 0
    of: Index | None = None

    @property
    def low(self) -> int:
        return 0 if self.size else -(2**31)

    @property
    def high(self) -> int:
        return self.size - 1 if self.size else 2**31 - 1

    def changed(self, change: Callable[[Index], Index]) -> Index:
        """The same number as an index, after a change of where it came from."""
        of = None if self.of is None else change(self.of)
        return Index(((Looked(self.value, self.size, of), 1),), 0)

    def __repr__(self) -> str:
        return f"at({self.value}, {self.size}, {self.of})" if self.of else f"at({self.value})"


Atom = Variable | Divided | Within | Looked


@dataclass(frozen=True)
class Index:
    """constant + sum of factor * atom. terms are sorted, without zero factors."""

    terms: tuple[tuple[Atom, int], ...]
    constant: int

    @cached_property
    def low(self) -> int:
        """The smallest value it can take."""
        return self.constant + sum(f * (a.low if f > 0 else a.high) for a, f in self.terms)

    @cached_property
    def high(self) -> int:
        """The largest value it can take."""
        return self.constant + sum(f * (a.high if f > 0 else a.low) for a, f in self.terms)

    @cached_property
    def variables(self) -> frozenset[Variable]:
        """The loop variables it depends on."""
        found: set[Variable] = set()
        for atom, _ in self.terms:
            if isinstance(atom, Variable):
                found.add(atom)
            elif atom.of is not None:
                found |= atom.of.variables
        return frozenset(found)

    @cached_property
    def looked(self) -> frozenset[str]:
        """The values of earlier lines that it depends on, by name."""
        found: set[str] = set()
        for atom, _ in self.terms:
            if isinstance(atom, Looked):
                found.add(atom.value)
            elif not isinstance(atom, Variable):
                found |= atom.of.looked
        return frozenset(found)

    @property
    def is_affine(self) -> bool:
        """Whether it is a plain sum of multiples of variables: a strided walk through memory."""
        return all(isinstance(atom, Variable) for atom, _ in self.terms)

    def is_uneven(self, variable: Variable) -> bool:
        """Whether it does not move by `factor` with each step of the variable."""
        inside = [a.of for a, _ in self.terms if not isinstance(a, Variable)]
        return any(of is not None and variable in of.variables for of in inside)

    def factor(self, variable: Variable) -> int:
        """How far one step of the variable moves, if the index is affine."""
        return next((f for a, f in self.terms if a == variable), 0)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.terms, self.constant + other)
        factors = dict(self.terms)
        for atom, f in other.terms:
            factors[atom] = factors.get(atom, 0) + f
        return build(factors, self.constant + other.constant)

    __radd__ = __add__

    def __mul__(self, factor: int) -> Index:
        return build({a: f * factor for a, f in self.terms}, self.constant * factor)

    __rmul__ = __mul__

    def __neg__(self) -> Index:
        return self * -1

    def __sub__(self, other: Index | int) -> Index:
        return self + -other

    def __rsub__(self, other: int) -> Index:
        return -self + other

    def split(self, by: int) -> tuple[Index, Index]:
        """(quotient, rest): this index is quotient * by + rest, exactly."""
        # Towards 0, so that what is left stays small: 13 = 12 + 1, -13 = -12 - 1.
        quotient = {a: f // by if f > 0 else -(-f // by) for a, f in self.terms}
        rest = {a: f - quotient[a] * by for a, f in self.terms}
        above = self.constant // by
        return build(quotient, above), build(rest, self.constant - above * by)

    def __floordiv__(self, by: int) -> Index:
        quotient, rest = self.split(by)
        if rest.low // by == rest.high // by:
            return quotient + rest.low // by
        common = math.gcd(by, *(f for _, f in rest.terms))
        if common > 1:  # (6i + 3j + 4) // 9 = (2i + j + 1) // 3
            smaller = build({a: f // common for a, f in rest.terms}, rest.constant // common)
            return quotient + smaller // (by // common)
        return quotient + Index(((Divided("//", rest, by), 1),), 0)

    def __mod__(self, by: int) -> Index:
        _, rest = self.split(by)
        if rest.low // by == rest.high // by:
            return rest - rest.low // by * by
        return Index(((Divided("%", rest, by), 1),), 0)

    def nearest(self, by: int) -> tuple[Index, Index]:
        """(quotient, rest) like `split`, but with factors rounded: 14 = 15 - 1."""
        quotient = build({a: (2 * f + by) // (2 * by) for a, f in self.terms}, 0)
        return quotient, self - quotient * by

    def knowing(self, facts: dict[Atom, Index]) -> Index:
        """The index with some of its parts replaced by what is known of them."""
        total = Index((), self.constant)
        for atom, f in self.terms:
            total = total + (facts.get(atom) or Index(((atom, 1),), 0)) * f
        return total

    def released(self) -> Index:
        """The index without what guards say about its parts; nothing is simplified by that."""
        total = Index((), self.constant)
        for atom, f in self.terms:
            match atom:
                case Within(of, _):
                    total = total + of.released() * f
                case Divided(op, of, by):
                    total = total + Index(((Divided(op, of.released(), by), f),), 0)
                case Looked():
                    total = total + atom.changed(Index.released) * f
                case Variable():
                    total = total + Index(((atom, f),), 0)
        return total

    def substitute(self, values: dict[Variable, Index]) -> Index:
        """The index with variables replaced by other indices."""
        total = Index((), self.constant)
        for atom, f in self.terms:
            assert not isinstance(atom, Within), "an index is released before it is transformed"
            if isinstance(atom, Variable):
                new = values.get(atom) or Index(((atom, 1),), 0)
            elif isinstance(atom, Looked):
                new = atom.changed(lambda of: of.substitute(values))
            else:
                inner = atom.of.substitute(values)
                new = inner // atom.by if atom.op == "//" else inner % atom.by
            total = total + new * f
        return total

    def renamed(self, names: Mapping[str, str]) -> Index:
        """The index with other names of the values that it depends on."""
        if not self.looked & names.keys():
            return self
        total = Index((), self.constant)
        for atom, f in self.terms:
            match atom:
                case Looked(value):
                    new = replace(atom, value=names.get(value, value)).changed(lambda of: of)
                case Divided(op, of, by):
                    new = Index(((Divided(op, of.renamed(names), by), 1),), 0)
                case _:
                    new = Index(((atom, 1),), 0)
            total = total + new * f
        return total

    def value(self, rounds: Mapping[str, Any]) -> Any:
        """What it is where each loop, by name, is in such a round: a number, or an array of them.

        >>> (variable("i", 4) * 10 + 3).value({"i": 2})
        23
        """
        total: Any = self.constant
        for atom, f in self.terms:
            if isinstance(atom, Variable):
                total = total + f * rounds[atom.name]
            elif isinstance(atom, Looked):
                total = total + f * rounds[atom.value]
            elif isinstance(atom, Divided):
                inner = atom.of.value(rounds)
                total = total + f * (inner // atom.by if atom.op == "//" else inner % atom.by)
        return total

    def __repr__(self) -> str:
        parts = [f"{f}*{a!r}" if f != 1 else repr(a) for a, f in self.terms]
        if self.constant or not parts:
            parts.append(str(self.constant))
        return " + ".join(parts).replace("+ -", "- ")


def build(factors: dict[Atom, int], constant: int) -> Index:
    """The canonical Index of these factors."""
    kept = ((a, f) for a, f in factors.items() if f)
    return Index(tuple(sorted(kept, key=lambda term: repr(term[0]))), constant)


def variable(name: str, size: int) -> Index:
    """The Index of one loop variable; a variable of one value is that value, 0."""
    return Index(((Variable(name, size), 1),) if size != 1 else (), 0)


def number(value: int | Index) -> Index:
    """An Index from an integer (or an Index)."""
    return value if isinstance(value, Index) else Index((), value)


def flat(index: tuple, shape: tuple[int, ...]) -> Index:
    """The place in memory of an index under a shape, last axis fastest."""
    place = Index((), 0)
    for i, n in zip(index, shape, strict=True):
        place = place * n + i
    return place
