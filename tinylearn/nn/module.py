"""Module: what layers and models have in common, which is little. Plain objects do as well."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tinylearn.changes import change
from tinylearn.devices.recorder import CHANGES, HOOKS, RECORDER
from tinylearn.errors import DeviceError, TinylearnError, describe, nearest
from tinylearn.graph.node import built_by
from tinylearn.nn.methods import as_tensor
from tinylearn.nn.state import Loaded, cast_to, load_state_dict
from tinylearn.nn.walk import Noted, contents, get_state_dict, named_tensors, walk_objects
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor
from tinylearn.tensor.surroundings import scopes
from tinylearn.tensor.tensor import names_a_dtype

NUMBER = itertools.count()  # of hooks


class Listed(list):
    """A list that next() takes, too: next(model.parameters()) is the first, as in PyTorch."""

    def __next__(self) -> Any:
        if not self:
            raise StopIteration
        return self[0]


def Parameter(data: Any, requires_grad: bool = True) -> Tensor:
    """A Tensor of the same numbers that learns: self.scale = Parameter(Tensor.ones(3)).

    An attribute that is a Tensor of floats learns anyway, if its numbers were given; this is for
    numbers that were computed, and for those who write it so. PyTorch: nn.Parameter
    """
    device = data.device if isinstance(data, Tensor) else None
    numbers = data.numpy() if isinstance(data, Tensor) else data
    return Tensor(numbers, device=device, requires_grad=requires_grad)


class Hook:
    """What register_forward_hook gives: remove() takes the hook away again."""

    def __init__(self, hooks: dict[int, Callable], hook: Callable) -> None:
        if not callable(hook):
            raise TypeError(f"a hook is a function of the module and what it sees, not {hook!r}")
        self.hooks, self.key = hooks, next(NUMBER)
        hooks[self.key] = hook
        HOOKS[0] += 1

    def remove(self) -> None:
        """From now on the hook is not called. A second call changes nothing."""
        self.hooks.pop(self.key, None)
        HOOKS[0] += 1


class Module(Noted):
    """A part of a model: assign Tensors and Modules to attributes, and write forward().

    class Net(Module):
        def __init__(self):
            self.first, self.second = Linear(784, 128), Linear(128, 10)
        def forward(self, x):
            return self.second(self.first(x).relu())

    training   False after eval(): dropout and batch norm rest, as with Tensor.training = False

    A Tensor of floats is a parameter, if it required a gradient when it was assigned; any other
    is a buffer. Both are in the state dict.
    copy.deepcopy and pickle give a model with Tensors of its own, copy.copy one that shares them.
    """

    training = True

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        CHANGES[0] += 1
        if isinstance(value, Tensor) and not value._requires_grad:
            self.notes().constants.add(name)
        elif self._notes is not None and name in self._notes.constants:
            self._notes.constants.discard(name)
            self._notes.unsaved.discard(name)

    # ---------------------------------------------------------------- computing

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
        if (recorder := RECORDER.get()) is not None:
            recorder.models[id(self)] = self
        try:
            if self._notes is not None and (self._notes.before or self._notes.after):
                return self.with_hooks(inputs, options)
            return built_by(self, self.forward, inputs, options)
        except DeviceError:
            if (error := self.elsewhere(inputs)) is not None:
                raise error from None
            raise

    def with_hooks(self, inputs: tuple, options: dict[str, Any]) -> Any:
        """forward() between the hooks; what a hook gives, if not None, replaces what it saw."""
        if (recorder := RECORDER.get()) is not None:
            for hook in (*self.notes().before.values(), *self.notes().after.values()):
                recorder.around += scopes(hook)
        for hook in [*self.notes().before.values()]:
            if (changed := hook(self, inputs)) is not None:
                inputs = changed if isinstance(changed, tuple) else (changed,)
        output = built_by(self, self.forward, inputs, options)
        for hook in [*self.notes().after.values()]:
            if (changed := hook(self, inputs, output)) is not None:
                output = changed
        return output

    def register_forward_hook(self, hook: Callable) -> Hook:
        """From now on hook(module, inputs, output) after each forward(); inputs is a tuple."""
        return Hook(self.notes().after, hook)

    def register_forward_pre_hook(self, hook: Callable) -> Hook:
        """From now on hook(module, inputs) before each forward(); inputs is a tuple."""
        return Hook(self.notes().before, hook)

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

    # ---------------------------------------------------------------- what is inside

    def parameters(self) -> list[Tensor]:
        """The Tensors that learn, each once; those that are frozen, too."""
        return Listed(w for _, w in self.named_parameters())

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """(name, Tensor) of the parameters."""
        frozen = self.frozen()
        state = get_state_dict(self).items()
        return Listed((name, t) for name, t in state if t.requires_grad or id(t) in frozen)

    def frozen(self) -> set[int]:
        """The id of each parameter that at present takes no gradient."""
        return {
            id(t)
            for module in self.modules()
            for name, t in vars(module).items()
            if isinstance(t, Tensor) and not t._requires_grad
            if module._notes is None or name not in module._notes.constants
        }

    def buffers(self) -> list[Tensor]:
        """The Tensors that do not learn, such as running means, each once."""
        return Listed(t for _, t in self.named_buffers())

    def named_buffers(self) -> list[tuple[str, Tensor]]:
        """(name, Tensor) of the buffers."""
        learning = {id(w) for w in self.parameters()}
        named = {id(t): (name, t) for name, t in named_tensors(self) if id(t) not in learning}
        return Listed(named.values())

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Keep numbers that do not learn as the attribute `name`.

        tensor       a Tensor or an array; None keeps the name free
        persistent   False leaves it out of the state dict
        """
        free_name(self, name)
        if isinstance(tensor, Tensor) and tensor._requires_grad:
            tensor = tensor.detach()
        setattr(self, name, as_tensor(tensor))
        if tensor is not None and not persistent:
            self.notes().unsaved.add(name)

    def register_parameter(self, name: str, parameter: Tensor | None) -> None:
        """Keep a Tensor that learns as the attribute `name`, as an assignment does."""
        free_name(self, name)
        setattr(self, name, parameter)

    def add_module(self, name: str, module: Any) -> None:
        """Keep a Module, or a function, as the attribute `name`, as an assignment does."""
        free_name(self, name)
        setattr(self, name, module)

    register_module = add_module

    def modules(self) -> Iterator[Module]:
        """This Module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """(dotted name, Module) of this Module, whose name is "", and of all inside it."""
        return ((name, m) for name, m in walk_objects(self) if isinstance(m, Module))

    def children(self) -> Iterator[Module]:
        """The Modules directly inside, each once."""
        return (module for _, module in self.named_children())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, Module) of those directly inside: attributes, and members of lists and dicts."""
        inside = {id(m): (name, m) for name, m in members(self) if isinstance(m, Module)}
        return iter(inside.values())

    def get_submodule(self, target: str) -> Module:
        """The Module inside under a dotted name, as named_modules() gives it."""
        inside = dict(self.named_modules())
        if target not in inside:
            says = f"{type(self).__name__} has no module {target!r}"
            raise AttributeError(says + nearest(target, inside))
        return inside[target]

    def get_parameter(self, target: str) -> Tensor:
        """The parameter under a dotted name, as named_parameters() gives it."""
        inside = dict(self.named_parameters())
        if target not in inside:
            says = f"{type(self).__name__} has no parameter {target!r}"
            raise AttributeError(says + nearest(target, inside))
        return inside[target]

    def state_dict(self) -> dict[str, Tensor]:
        """All Tensors by name, statistics included."""
        return get_state_dict(self)

    def load_state_dict(
        self, state: Mapping[str, Tensor | np.ndarray], strict: bool = True
    ) -> Loaded:
        """Take over the numbers of a state dict; see nn.state.load_state_dict."""
        return load_state_dict(self, state, strict)

    # ---------------------------------------------------------------- changing all of it

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call function(module) for each Module inside, those deeper inside first."""
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    def train(self, mode: bool = True) -> Module:
        """Let dropout and batch norm work as in training, here and in all Modules inside."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Let dropout and batch norm rest, here and in all Modules inside."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freeze all parameters (False), or let them learn again."""
        for w in self.parameters():
            w.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to 0."""
        forget_gradients(self.parameters(), set_to_none)

    def to(self, *wanted: Any) -> Module:
        """Move all Tensors inside to another device; optimizers follow with their next step.

        A dtype makes numbers of that kind of all floats, in place; their gradients are forgotten.
        """
        for want in wanted:
            tensors = [t for _, t in named_tensors(self)]
            if names_a_dtype(want):
                cast_to(tensors, want)
                continue
            for t in tensors:
                t.to_(want)
        return self

    def cpu(self) -> Module:
        """Move all Tensors inside to ordinary memory: to the numpy device."""
        return self.to("numpy")

    def float(self) -> Module:
        """Make float32 of all floats inside."""
        return self.to("float32")

    def double(self) -> Module:
        """Make float64 of all floats inside."""
        return self.to("float64")

    def half(self) -> Module:
        """Make float16 of all floats inside."""
        return self.to("float16")

    # ---------------------------------------------------------------- printing

    def extra_repr(self) -> str:
        """What stands in the parentheses of the Module's line when printed; PyTorch: extra_repr."""
        return ""

    def __repr__(self) -> str:
        return "\n".join(tree(self))


def free_name(module: Module, name: str) -> None:
    """Raise if a name cannot be given to a Tensor or a Module."""
    if not isinstance(name, str) or not name or "." in name:
        raise TinylearnError(f"the name of an attribute is a word without a point, not {name!r}")
    if hasattr(module, name) and name not in vars(module):
        raise TinylearnError(f"{type(module).__name__} needs its own {name!r}\nTry {name + '_'!r}")


def forget_gradients(parameters: list[Tensor], set_to_none: bool) -> None:
    """Forget the gradients, or set those that are there to 0."""
    if (recorder := RECORDER.get()) is not None:
        recorder.grads.update({id(w): w for w in parameters})
    if set_to_none:
        change([(w, "_grad", None) for w in parameters])
    else:
        zeros = [(w, w.zeros_like(requires_grad=False)) for w in parameters if w._grad is not None]
        change([(w, "_grad", zero) for w, zero in zeros])


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
    for child_name, child in members(module):
        if isinstance(child, Module):
            lines += tree(child, f"{child_name}: ", indent + "  ", (*inside, module))
        else:
            label = getattr(child, "__qualname__", None) or type(child).__name__
            lines.append(f"{indent}  {child_name}: {label}")
    return lines


def members(module: Module) -> Iterator[tuple[str, Any]]:
    """(name, Module or function) directly inside: attributes, and members of lists and dicts."""
    for name, thing in contents(module):
        if isinstance(thing, Module) or (callable(thing) and str(name).isdigit()):
            yield str(name), thing
        elif isinstance(thing, list | tuple | dict):
            for key, item in contents(thing):
                if isinstance(item, Module) or (callable(item) and not isinstance(item, Tensor)):
                    yield f"{name}.{key}", item
