"""Module: what layers and models have in common, which is little. Plain objects do as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinylearn.changes import change
from tinylearn.errors import DeviceError, describe
from tinylearn.graph.node import built_by
from tinylearn.nn.methods import as_tensor
from tinylearn.nn.state import Loaded, load_state_dict
from tinylearn.nn.walk import contents, get_parameters, get_state_dict, walk_objects
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor


class Module:
    """A part of a model: assign Tensors and Modules to attributes, and write forward().

    class Net(Module):
        def __init__(self):
            self.first, self.second = Linear(784, 128), Linear(128, 10)
        def forward(self, x):
            return self.second(self.first(x).relu())

    training   False after eval(): dropout and batch norm rest, as with Tensor.training = False

    copy.deepcopy and pickle give a model with Tensors of its own, copy.copy one that shares them.
    """

    training = True

    def forward(self, *inputs: Any) -> Any:
        """What the model computes; it is run by calling the model."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x)")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """forward(), with arrays made Tensors first, where the model is."""
        for x in inputs:
            if not isinstance(x, Tensor):
                device = self.device_of(inputs)
                inputs = tuple(as_tensor(x, device) for x in inputs)
                break
        try:
            return built_by(self, self.forward, inputs, options)
        except DeviceError:
            if (error := self.elsewhere(inputs)) is not None:
                raise error from None
            raise

    def device_of(self, inputs: tuple) -> str | None:
        """Where the first of the Tensors among the inputs is, or where the model is."""
        tensors = [x for x in inputs if isinstance(x, Tensor)] or list(self.state_dict().values())
        return tensors[0].device if tensors else None

    def elsewhere(self, inputs: tuple) -> Exception | None:
        """The error for the user's call of a model with what is on another device, if it is one."""
        places = {t.device for t in self.state_dict().values()}
        for x in inputs:
            form, name = layer_call(x.node) if isinstance(x, Tensor) else ("{}", "")
            if form != "{}" and len(places) == 1 and x.device not in places:
                (place,) = places
                says = f"{type(self).__name__} is on {place}, {name} on {x.device}"
                repair = form.format(f"{name}.to({place!r})")
                return describe(DeviceError, says, [(name, x.node)], repair)
        return None

    def parameters(self) -> list[Tensor]:
        """The Tensors that learn, each once."""
        return get_parameters(self)

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """(name, Tensor) of those that learn."""
        return [(name, t) for name, t in get_state_dict(self).items() if t.requires_grad]

    def modules(self) -> Iterator[Module]:
        """This Module and all inside it, each once."""
        return (thing for _, thing in walk_objects(self) if isinstance(thing, Module))

    def state_dict(self) -> dict[str, Tensor]:
        """All Tensors by name, statistics included."""
        return get_state_dict(self)

    def load_state_dict(
        self, state: Mapping[str, Tensor | np.ndarray], strict: bool = True
    ) -> Loaded:
        """Take over the numbers of a state dict; see nn.state.load_state_dict."""
        return load_state_dict(self, state, strict)

    def train(self, mode: bool = True) -> Module:
        """Let dropout and batch norm work as in training, here and in all Modules inside."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Let dropout and batch norm rest, here and in all Modules inside."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        change([(w, "_grad", None) for w in self.parameters()])

    def to(self, device: str) -> Module:
        """Move all Tensors inside to another device; optimizers follow with their next step."""
        for t in self.state_dict().values():
            t.to_(device)
        return self

    def extra_repr(self) -> str:
        """What stands in the parentheses of the Module's line when printed; PyTorch: extra_repr."""
        return ""

    def __repr__(self) -> str:
        return "\n".join(tree(self))


def title(module: Module) -> str:
    """A Module's own line, such as "Linear(784, 128)"."""
    return f"{type(module).__name__}({module.extra_repr()})"


def tree(
    module: Module, name: str = "", indent: str = "", inside: tuple[Module, ...] = ()
) -> list[str]:
    """The lines of a printed model: a Module a line, with its number of parameters.

    inside   the Modules around this one: one that holds itself is not printed for ever
    """
    if module in inside:
        return [f"{indent}{name}{title(module)} again"]
    count = sum(w.numel() for w in module.parameters())
    line = f"{indent}{name}{title(module)}"
    lines = [f"{line}  {count:,} parameters" if count else line]
    for child_name, child in children(module):
        if isinstance(child, Module):
            lines += tree(child, f"{child_name}: ", indent + "  ", (*inside, module))
        else:
            label = getattr(child, "__qualname__", None) or type(child).__name__
            lines.append(f"{indent}  {child_name}: {label}")
    return lines


def children(module: Module) -> Iterator[tuple[str, Any]]:
    """(name, Module or function) directly inside: attributes, and members of lists and dicts."""
    for name, thing in contents(module):
        if isinstance(thing, Module) or (callable(thing) and str(name).isdigit()):
            yield str(name), thing
        elif isinstance(thing, list | tuple | dict):
            for key, item in contents(thing):
                if isinstance(item, Module) or (callable(item) and not isinstance(item, Tensor)):
                    yield f"{name}.{key}", item
