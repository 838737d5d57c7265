"""From a loss to its gradients: `loss.backward()` and `loss.gradient(w, b)`. Nothing runs here."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tinylearn.changes import Change, alone_on, change
from tinylearn.devices.recorder import RECORDER, refuse
from tinylearn.errors import GradientError, ShapeError, describe
from tinylearn.graph.deferred import DERIVATIVE, differentiated, promised, reached_leaves
from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import ADD, BUFFER, DETACH, buffer
from tinylearn.plan.plan import LOCK
from tinylearn.repairs.userline import as_floats, name_of, named_arguments
from tinylearn.tensor.creation import Creation
from tinylearn.tensor.hooks import at_once, seen_by_hooks
from tinylearn.tensor.operands import node_of
from tinylearn.tensor.state import State, made, owner

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

FLAT = "argmax, comparisons and casts to ints or bools are flat and pass none"


class Backward(Creation):
    """Gradients of this tensor."""

    __slots__ = ()

    def backward(self, gradient: Any = None) -> None:
        """Add to the .grad of every float leaf the derivative of this number by that leaf.

        gradient   what arrives at this tensor; needed where it is more than one number

        A second backward adds to the first: set .grad to None (optimizers: zero_grad) in between.
        Nothing is computed before a .grad is looked at, or added to.
        """
        leaves: dict[Node, Any] = {}
        for node in reached_leaves(self.node):
            tensor = None if node.owner is None else node.owner()
            if tensor is not None and tensor._requires_grad:
                leaves[node] = tensor
        output, g = arriving(self, "backward", gradient)
        if at_once(output):
            found = {x: DETACH(graph) for x, graph in differentiated(output, g, leaves).items()}
        else:
            found = promised(output, g, leaves)
        seen = seen_by_hooks([(leaves[node], g) for node, g in found.items()])
        alone_on(LOCK, add_gradients, self, seen)

    def gradient(
        self, *tensors: Tensor, gradient: Any = None, allow_unused: bool = False
    ) -> list[Tensor]:
        """The derivatives of this number by each of the tensors, leaves or not.

        gradient       what arrives at this tensor; needed where it is more than one number
        allow_unused   zeros, instead of an error, for a tensor that it does not depend on

        They can be differentiated again: y.gradient(x)[0].sum().gradient(x) is the second one.
        """
        for k, t in enumerate(tensors):
            if not isinstance(t, State):
                raise GradientError(f"gradient needs tensors, argument {k} is {t!r}")
        output, g = arriving(self, "gradient", gradient, len(tensors))
        nodes = nodes_below(output, tensors)
        found = differentiated(output, g, nodes)
        results = []
        for k, (t, node) in enumerate(zip(tensors, nodes, strict=True)):
            if node not in found and not allow_unused:
                raise unused(self.node, t, named_arguments(len(tensors)), k)
            results.append(made(found.get(node, node.const_like(0)), t.dtype.is_float))
        return results


def nodes_below(output: Node, tensors: Iterable[State]) -> list[Node]:
    """The node of each tensor; of a leaf that got other numbers since, the one the output is of."""
    below = reached_leaves(output)
    owned = {id(t): n for n in below if (t := owner(n)) is not None and t.node not in below}
    return [owned.get(id(t), t.node) for t in tensors]


def add_gradients(loss: State, found: Iterable[tuple[State, Node]]) -> None:
    """Add to the .grad of each leaf: of all at once, or of none."""
    if (recorder := RECORDER.get()) is not None:
        if any(leaf._grad is not None and id(leaf) not in recorder.grads for leaf, _ in found):
            refuse("gradients of the call before are added to", "optimizer.zero_grad() before that")
        new = {id(leaf): leaf for leaf, _ in found if id(leaf) not in recorder.grads}
        recorder.bare.update(new)
        recorder.grads.update(new)
    if again := [leaf for leaf, _ in found if leaf._grad is not None]:
        compute_gradients(again)
    behind: Any = weakref.ref(loss)
    changes: list[Change] = []
    for leaf, g in found:
        if leaf._grad is not None:
            g = ADD(numbers_alone(leaf._grad.node), g)
        grad = made(g, False)
        grad.together = behind
        changes.append((leaf, "_grad", grad))
    change(changes)


# ---------------------------------------------------------------- a second backward


def compute_gradients(leaves: Iterable[State]) -> None:
    """Compute the gradients that the leaves have, in one go, before something is added to them.

    Else the graph would grow with every backward, and each would need a plan of its own.
    """
    old = [g for t in leaves if (g := t._grad) is not None and g.node.buffer is None]
    if old:
        State.finished.realize_all(*old, *losses_of(old))


def losses_of(gradients: Iterable[Tensor]) -> list[Tensor]:
    """The losses behind gradients that wait to be computed: one pass is enough for both."""
    losses: dict[int, Tensor] = {}
    for grad in gradients:
        loss = grad.together() if grad.together is not None else None
        if loss is not None and loss.node.buffer is None:
            losses[id(loss)] = loss
    return list(losses.values())


def numbers_alone(node: Node) -> Node:
    """The numbers of a node without what they were made of."""
    return buffer(node.buffer) if node.inputs and node.buffer is not None else node


def is_added_up(grad: Tensor) -> bool:
    """Whether a gradient adds to one of an earlier backward."""
    return grad.node.op is ADD and grad.node.inputs[0].op is BUFFER


# ---------------------------------------------------------------- where it starts


def arriving(loss: State, op: str, given: Any, by: int = 0) -> tuple[Node, Node | None]:
    """The node of a loss and the gradient that arrives there (None: 1); raises if there is none.

    by   how many tensors it is differentiated by
    """
    node = loss.node
    if not node.dtype.is_float:
        says = f"{op}: a tensor of {node.dtype} moves in jumps, so it has no gradient; {FLAT}"
        raise describe(GradientError, says, [(name_of(), node)])
    if not loss._requires_grad:
        raise unrecorded(op, node)
    if given is not None:
        g = given.node if isinstance(given, State) else node_of(op, given, node.device)
        if g.shape != node.shape:
            says = f"{op}: the gradient that arrives needs the shape of the tensor"
            raise describe(ShapeError, says, [("x", node), ("g", g)])
        g = g.cast(node.dtype)
    elif node.size == 1:
        g = None
    else:
        name = name_of()
        says = f"{op} starts from one number, this tensor has {node.size}"
        repair = f"{name}.sum().{op}({', '.join(named_arguments(by))})"
        raise describe(GradientError, says, [(name, node)], repair)
    return node, g


def unrecorded(op: str, node: Node) -> Exception:
    """Why a tensor has no gradient, and what to change."""
    name, repair = name_of(), ""
    if node.op is BUFFER:
        says = f"{op}: this tensor is a leaf with requires_grad=False"
        repair = f"{name}.requires_grad = True"
    elif any(n.op in (DETACH, DERIVATIVE) for n in reached_leaves(node)):
        says = f"{op}: what this tensor is made from was detached, or made inside no_grad() or"
        says += " while Tensor.training was False (make it again where gradients are recorded),"
        says += f" or leads through what is flat; {FLAT}"
        repair = "" if State.finished.training else "Tensor.training = True"
    elif (whole := whole_numbers(node)) is not None:
        says = f"{op}: only floats have gradients, and this is made from whole numbers"
        leaf, repair = as_floats(whole.origin)
        return describe(GradientError, says, [(name, node), (leaf, whole)], repair)
    else:
        says = f"{op}: no float leaf with requires_grad leads to this tensor; {FLAT}"
    return describe(GradientError, says, [(name, node)], repair)


def whole_numbers(node: Node) -> Node | None:
    """A leaf of whole numbers from which this is made, if there is no leaf of floats."""
    leaves = [n for n in walk([node]) if n.op is BUFFER]
    if not leaves or any(n.dtype.is_float for n in leaves):
        return None
    return next((n for n in leaves if n.dtype.kind == 1), None)


def unused(loss: Node, tensor: State, names: list[str], k: int) -> Exception:
    """The error for a tensor that the loss does not depend on."""
    name = name_of()
    says = f"gradient: {name} does not depend on {names[k]}, or only through what is flat; {FLAT}"
    repair = f"{name}.gradient({', '.join(names)}, allow_unused=True)"
    return describe(GradientError, says, [(name, loss), (names[k], tensor.node)], repair)
