"""What a function sees beside its arguments, for capture: a replay runs no Python.

    scopes(function)     where its names lead: each a few values, and what they were
    first_changed(scopes) the first name that stands for something else by now, or ""

A number is compared by its value. Anything else is what it was only if it is the same object. What
lies inside is looked at in lists, tuples, sets and dicts, in functions, in small arrays, and in
objects whose class stands in the file of the function. Not looked at: large lists and arrays, and
what a library keeps.
"""

from __future__ import annotations

import dis
import functools
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import is_
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from tinylearn.tensor.state import State, owner

PLAIN = (bool, int, float, complex, str, bytes, type(None))
MOST = 256  # items of a list or an array that is looked into, and scopes of a function
NONE = object()  # of a name that stands for nothing


@dataclass
class Scope:
    """A few values that can be looked up again.

    names   how each is called; a single one for all, if they are items
    read    looks them up
    values  what they were
    """

    names: Sequence[str]
    read: Callable[[], Sequence[Any]]
    values: Sequence[Any]

    def changed(self) -> str:
        """The name of the first value that is another one now; "" if none is."""
        now = self.read()
        if len(now) != len(self.values):
            return self.names[0]
        if all(map(is_, now, self.values)):
            return ""
        for k, (value, was) in enumerate(zip(now, self.values)):
            if value is not was and not alike(value, was):
                return self.names[min(k, len(self.names) - 1)]
        self.values = now
        return ""


def alike(value: Any, was: Any) -> bool:
    """Whether two values are equal numbers or words of one type; -0.0 is not 0.0."""
    if type(value) is not type(was):
        return False
    if isinstance(value, MethodType):  # a new object each time that it is asked for
        return value.__self__ is was.__self__ and value.__func__ is was.__func__
    if type(value) in (float, complex):
        return repr(value) == repr(was)
    return type(value) in PLAIN and bool(value == was)


def first_changed(known: Sequence[Scope]) -> str:
    """The name of the first value of all scopes that is another one now; "" if none is."""
    for scope in known:
        if name := scope.changed():
            return name
    return ""


def scopes(function: Any, *objects: Any) -> list[Scope]:
    """Where the names of a function lead, from the function itself on; and what is in objects."""
    home = getattr(function, "__globals__", {})
    found: list[Scope] = []
    waiting: deque[tuple[str, Any]] = deque([("", function)])
    waiting += [(type(thing).__name__, thing) for thing in objects if at_home(thing, home)]
    seen = [function, *objects]  # kept, so that no id goes to another
    known = {*map(id, seen)}
    while waiting and len(found) < MOST:
        for scope in scopes_of(*waiting.popleft(), home):
            found.append(scope)
            for k, value in enumerate(scope.values):
                if type(value) not in PLAIN and id(value) not in known:
                    known.add(id(value))
                    seen.append(value)
                    waiting.append((scope.names[min(k, len(scope.names) - 1)], value))
    return found


def chance() -> tuple:
    """Where Python's random numbers stand, and those of NumPy's functions."""
    return random.getstate(), str(np.random.get_state(legacy=False))


def scopes_of(name: str, thing: Any, home: dict[str, Any]) -> Iterator[Scope]:
    """What can be seen in one thing.

    home   the global names of the file in which the captured function stands
    """
    thing = getattr(thing, "function", thing) if hasattr(thing, "replays") else thing
    if isinstance(thing, State):
        if owner(thing.node) is not thing:  # nobody tells that it gets other numbers
            yield of_items(name, lambda: (thing.node,))
    elif isinstance(thing, np.ndarray):
        if thing.size <= MOST:
            yield of_items(name, lambda: (thing.tobytes(),))
    elif isinstance(thing, MethodType):
        yield of_items(name, lambda: (thing.__self__, thing.__func__))
    elif isinstance(thing, functools.partial):
        yield of_items(name, lambda: (thing.func, *thing.args, *thing.keywords.values()))
    elif isinstance(thing, FunctionType) and thing.__globals__ is home:
        yield from of_function(thing)
    elif isinstance(thing, dict) and len(thing) <= MOST:
        yield of_items(name, lambda: (*thing.keys(), *thing.values()))
    elif isinstance(thing, list | tuple | set | frozenset | deque) and len(thing) <= MOST:
        yield of_items(name, lambda: tuple(thing))
    elif hasattr(thing, "__dict__") and at_home(thing, home):
        yield of_object(name, thing)


def at_home(thing: Any, home: dict[str, Any]) -> bool:
    """Whether a class, or the class of an object, stands in the file of these global names."""
    kind = thing if isinstance(thing, type) else type(thing)
    return kind.__module__ == home.get("__name__")


def of_items(name: str, read: Callable[[], Sequence[Any]]) -> Scope:
    """Values that have one name together."""
    return Scope([name], read, read())


def of_object(name: str, thing: Any) -> Scope:
    """The attributes of an object, and those of its class that are plain."""
    inside = [*vars(thing)]
    if not isinstance(thing, type):
        inside += [n for n, v in vars(type(thing)).items() if type(v) in PLAIN and n[:2] != "__"]
    inside = [n for n in dict.fromkeys(inside) if n[:2] != "__"]
    short = thing.__name__ if isinstance(thing, type) else name

    def read() -> Sequence[Any]:
        return [*(getattr(thing, n, NONE) for n in inside), len(vars(thing))]

    return Scope([*(f"{short}.{n}" for n in inside), short], read, read())


def of_function(function: FunctionType) -> Iterator[Scope]:
    """The names of a function: its own defaults, those around it, and global ones."""
    around = function.__closure__ or ()
    if around:
        yield scope_of(function.__code__.co_freevars, lambda: [*map(content, around)])
    every, names = function.__globals__, [*global_names(function.__code__)]
    if names:
        yield scope_of(names, lambda: [every.get(n, NONE) for n in names])
    if function.__defaults__ or function.__kwdefaults__:
        more = function.__kwdefaults__ or {}
        defaults = function.__defaults__ or ()
        yield of_items(f"a default of {function.__name__}", lambda: (*defaults, *more.values()))


def scope_of(names: Sequence[str], read: Callable[[], Sequence[Any]]) -> Scope:
    """Values that have a name each."""
    return Scope(names, read, read())


def content(cell: Any) -> Any:
    """What a name of an outer function stands for."""
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return NONE


@functools.lru_cache(maxsize=256)
def global_names(code: CodeType) -> tuple[str, ...]:
    """The global names that a function's code reads, with those of functions inside it."""
    found = {i.argval: None for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    for inside in code.co_consts:
        if isinstance(inside, CodeType):
            found |= dict.fromkeys(global_names(inside))
    return tuple(found)
