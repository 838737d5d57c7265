"""Finds out what the user calls a node: from their variables, and from the lines they wrote."""

from __future__ import annotations

import linecache
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType, MemberDescriptorType
from typing import Any

from tinylearn.errors import Origin
from tinylearn.graph.node import Node
from tinylearn.nn.module import Module

ASSIGNED = re.compile(r"([^\W\d]\w*)\s*(?::[^=]+)?=[\s(]*$")  # up to where the value begins
REST = re.compile(r"[\s)]*(#.*)?")  # after the value
NAMELESS = ("<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")  # code objects
DEEPEST = 6  # attributes of attributes: model.layers.weight


def names_on_lines(order: list[Node]) -> dict[Node, str]:
    """The node that is the whole value of a line `name = ...` is called by that name."""
    origins = {n.made_at: n.origin for n in order if n.origin is not None}
    lines = {place: (origin.code, origin.line_number) for place, origin in origins.items()}
    line = {n: lines[n.made_at] for n in order if n.made_at is not None}
    inner = {x for n in order for x in n.inputs if x in line and line[x] == line.get(n)}
    names = {}
    for node in order:
        if node.made_at is None or node in inner or node.gradient_of is not None:
            continue
        if not node.inputs and node.owner is None:
            continue  # numbers that a function of ours made and keeps, as those of the classes
        origin = origins[node.made_at]
        if origin.code.co_name in NAMELESS:
            continue  # f = lambda x: x * 2 names the function, not what it makes
        if name := assigned_name(origin):
            names[node] = name
    return names


def assigned_name(origin: Origin) -> str:
    """The name that a line `name = ...` gives to what its place makes; "" for a part of that."""
    places = islice(origin.code.co_positions(), origin.instruction // 2, None)
    first, last, start, stop = next(places, (None,) * 4)
    if first is None or last is None or ";" in origin.text:
        return ""
    before, after = [linecache.getline(origin.code.co_filename, k).encode() for k in (first, last)]
    found = ASSIGNED.match(before[:start].decode().strip())  # columns count bytes
    ends = REST.fullmatch(after[stop:].decode().strip())
    return found.group(1) if found and ends else ""


def called(value: Any, frame: FrameType | None, otherwise: str) -> str:
    """The caller's variable that holds this very object."""
    scope = dict(frame.f_globals) | dict(frame.f_locals) if frame else {}
    names = [k for k, v in scope.items() if v is value]
    return next((k for k in names if k.isidentifier() and k[0] != "_"), otherwise)


def names_in(frame: FrameType | None, known: Collection[Node]) -> dict[Node, str]:
    """Names of tensors in the caller's variables, and of what hangs on them (model.weight)."""
    return look_around(frame, known).names


@dataclass
class Seen:
    """What the caller's variables tell: names of nodes, {id of a module: its name}, and the node
    of each tensor's gradient."""

    names: dict[Node, str] = field(default_factory=dict)
    modules: dict[int, str] = field(default_factory=dict)
    gradients: dict[Node, Node] = field(default_factory=dict)


def look_around(frame: FrameType | None, known: Collection[Node]) -> Seen:
    """What the caller sees of the known nodes.

    Only looks: no property is called, no container of the user is iterated but lists and dicts.
    """
    found = Seen()
    names = found.names
    if frame is None:
        return found
    scope = dict(frame.f_globals) | dict(frame.f_locals)
    queue = [(k, v, 0) for k, v in scope.items() if not k.startswith("_")]
    seen: set[int] = set()
    for name, value, depth in queue:  # grows while it is read: nearest names first
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Module):
            found.modules[id(value)] = name
        inside = own(value)
        if inside is None:
            continue
        node = inside.get("node")
        if isinstance(node, Node):
            if "grad" not in inside:
                continue  # it tells about a node, as a Step does, and is no tensor
            if node in known:
                names.setdefault(node, name)
            grad_node = (own(inside["grad"]) or {}).get("node")
            if isinstance(grad_node, Node):
                found.gradients[node] = grad_node
                if grad_node in known:
                    names.setdefault(grad_node, f"{name}.grad")
        elif depth < DEEPEST and is_model(value):
            queue += [(f"{name}.{k}", v, depth + 1) for k, v in inside.items()]
    return found


def holding(names: Iterable[str]) -> set[str]:
    """The objects that hold something of these names.

    >>> sorted(holding(["model.0.weight", "x"]))
    ['model', 'model.0']
    """
    paths = (name.split(".") for name in names)
    return {".".join(path[:k]) for path in paths for k in range(1, len(path))}


def is_model(value: Any) -> bool:
    """Worth looking into: a container, or an object of the user's or of tinylearn's."""
    if isinstance(value, (list, tuple, dict)):
        return len(value) <= 1000
    if isinstance(value, Module):
        return True
    return type(value).__module__ == "__main__" or type(value).__module__.startswith("tinylearn.")


def own(value: Any) -> dict[str, Any] | None:
    """What hangs on an object by name: attributes (slots too), or the items of a container."""
    if isinstance(value, dict):
        return {str(k): v for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return {str(k): v for k, v in enumerate(value)}
    if isinstance(value, type) or (callable(value) and not hasattr(value, "__dict__")):
        return None
    found: dict[str, Any] = {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            descriptor = cls.__dict__.get(slot)
            if isinstance(descriptor, MemberDescriptorType):
                try:
                    found["grad" if slot == "_grad" else slot] = descriptor.__get__(value, cls)
                except AttributeError:
                    continue
    try:
        found |= vars(value)
    except TypeError:
        pass
    return found or None
