"""Modules that hold others: one after the other, in a list, or by name.

Their names are those that PyTorch gives them: "0.weight", "heads.digits.bias".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tinylearn.errors import nearest
from tinylearn.nn.module import Module, Parameter
from tinylearn.tensor import Tensor

__all__ = [
    "Identity",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "Sequential",
]


class Members(Module):
    """What Sequential and ModuleList share: members in order, each an attribute of its own."""

    @property
    def layers(self) -> list[Any]:
        """The members in order."""
        return list(self.named_layers().values())

    def named_layers(self) -> dict[str, Any]:
        """{name: member} in order."""
        return {name: thing for name, thing in vars(self).items() if callable(thing)}

    def hold(self, layers: Iterable[Any]) -> None:
        """Let these be the members, named 0, 1, ..."""
        for name in self.named_layers():
            delattr(self, name)
        for k, layer in enumerate(layers):
            setattr(self, str(k), self.checked(k, layer))

    def checked(self, place: Any, layer: Any) -> Any:
        """`layer`, if it can be a member."""
        kind = type(self).__name__
        if isinstance(layer, type):
            name = layer.__name__
            raise TypeError(f"layer {place} of {kind} is the class {name}\nTry {name}()")
        if not callable(layer):
            raise TypeError(f"layer {place} of {kind} cannot be called: {layer!r}")
        return layer

    def append(self, layer: Any) -> Members:
        """One more member at the end."""
        place = len(self)
        setattr(self, str(place), self.checked(place, layer))
        return self

    def extend(self, layers: Iterable[Any]) -> Members:
        """More members at the end."""
        for layer in layers:
            self.append(layer)
        return self

    def insert(self, index: int, layer: Any) -> Members:
        """One more member, at this place; those behind it move on by one."""
        layers = self.layers
        layers.insert(index, self.checked(index, layer))
        self.hold(layers)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take a member out."""
        layers = self.layers
        layer = layers.pop(index)
        self.hold(layers)
        return layer

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __getitem__(self, place: int | slice) -> Any:
        found = self.layers[place]
        return type(self)(*self.arguments(found)) if isinstance(place, slice) else found

    def arguments(self, layers: list[Any]) -> tuple:
        """What the class is called with to hold these members."""
        return (layers,)

    def __setitem__(self, place: int, layer: Any) -> None:
        name = list(self.named_layers())[place]
        setattr(self, name, self.checked(place, layer))

    def __delitem__(self, place: int | slice) -> None:
        layers = self.layers
        del layers[place]
        self.hold(layers)


class Sequential(Members):
    """Layers one after the other: each takes what the one before gives.

    A layer is anything that can be called with a Tensor: a Module, Tensor.relu, your function.
    model[0] is the first layer, len(model) their number; loops and slices work. A dict gives the
    layers names: Sequential({"up": Linear(2, 8), "bend": Tanh()}).up
    """

    def __init__(self, *layers: Any) -> None:
        given = layers[0] if len(layers) == 1 else layers
        if isinstance(given, Mapping):
            for name, layer in given.items():
                self.add_module(name, self.checked(name, layer))
        else:
            self.hold(given if isinstance(given, list | tuple) else layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class ModuleList(Members):
    """Modules in a list. A plain list does as well; PyTorch needs this class."""

    def __init__(self, modules: Iterable[Any] = ()) -> None:
        self.hold(modules)

    def forward(self, *inputs: Any) -> Any:
        says = "a ModuleList computes nothing: its members are called one by one"
        raise NotImplementedError(f"{says}\nTry Sequential(*layers)")


class Named(Module):
    """What ModuleDict and ParameterDict share: members by name."""

    def __init__(self, named: Mapping[str, Any] | None = None) -> None:
        self.update(named or {})

    def update(self, named: Mapping[str, Any]) -> None:
        """Take these in; a name that is there already gets the new member."""
        for name, thing in named.items():
            self[name] = thing

    def keys(self) -> list[str]:
        """The names in order."""
        return [name for name in vars(self) if name not in ("training", "_notes")]

    def values(self) -> list[Any]:
        """The members in order."""
        return [getattr(self, name) for name in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """(name, member) in order."""
        return [(name, getattr(self, name)) for name in self.keys()]

    def pop(self, name: str) -> Any:
        """Take a member out."""
        thing = self[name]
        delattr(self, name)
        return thing

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(f"{type(self).__name__} has no {name!r}{nearest(name, self.keys())}")
        return getattr(self, name)

    def __setitem__(self, name: str, thing: Any) -> None:
        self.add_module(name, thing)

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


class ModuleDict(Named):
    """Modules by name. A plain dict does as well; PyTorch needs this class."""


class ParameterDict(Named):
    """Parameters by name. A plain dict does as well; PyTorch needs this class."""

    def __setitem__(self, name: str, thing: Any) -> None:
        self.add_module(name, thing if isinstance(thing, Tensor) else Parameter(thing))


class ParameterList(Module):
    """Parameters in a list. A plain list does as well; PyTorch needs this class."""

    def __init__(self, parameters: Iterable[Any] = ()) -> None:
        self.extend(parameters)

    def append(self, parameter: Any) -> ParameterList:
        """One more at the end."""
        given = parameter if isinstance(parameter, Tensor) else Parameter(parameter)
        setattr(self, str(len(self)), given)
        return self

    def extend(self, parameters: Iterable[Any]) -> ParameterList:
        """More at the end."""
        for parameter in parameters:
            self.append(parameter)
        return self

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __iter__(self) -> Iterator[Tensor]:
        return (t for t in vars(self).values() if isinstance(t, Tensor))

    def __getitem__(self, place: int) -> Tensor:
        return list(iter(self))[place]

    def __setitem__(self, place: int, parameter: Tensor) -> None:
        setattr(self, str(range(len(self))[place]), parameter)


class Identity(Module):
    """Gives what it takes. Arguments are ignored, so that it can stand in for any layer."""

    def __init__(self, *ignored: Any, **also_ignored: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        return x
