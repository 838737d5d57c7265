"""L-BFGS: steps by the curvature that the last gradients show. For small problems without noise.

    def closure():
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        return loss
    optimizer.step(closure)          # asks for the loss as often as it needs

All parameters are one long vector of float64 here, and what is remembered are pairs of such
vectors: how far a step went (s) and by how much it changed the gradient (y).
Source   Nocedal & Wright 2006, algorithms 7.4 and 7.5; the order of the tests is PyTorch's
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinylearn.errors import nearest
from tinylearn.nn.checks import checked, sizes
from tinylearn.nn.optimizer import Group, Optimizer
from tinylearn.nn.state import StateError
from tinylearn.nn.wolfe import Point, line_search
from tinylearn.tensor import Tensor

Vector = np.ndarray
SEARCHES = (None, "strong_wolfe")
FLAT = 1e-10  # a pair whose product is smaller shows no curvature
STATE = ("s", "y", "direction", "gradient", "length")


class LBFGS(Optimizer):
    """Steps by the curvature of the last gradients; step() needs a closure, see above.

    lr                 length of a step, 1 with a line search
    max_iter           steps in one call; max_eval   losses in one call, max_iter * 5 / 4 if None
    tolerance_grad     it stops where no gradient is larger
    tolerance_change   it stops where neither the loss nor a weight changes by more
    history_size       how many pairs are remembered
    line_search_fn     None, or "strong_wolfe": finds a length at which the loss is low enough
    """

    def __init__(
        self,
        parameters: Any,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        options = {"max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad}
        options |= {"tolerance_change": tolerance_change, "history_size": history_size}
        self.pairs: list[tuple[Vector, Vector]] = []
        self.direction = self.gradient = np.zeros(0)
        self.length = 0.0
        super().__init__(parameters, lr, **options, line_search_fn=line_search_fn)
        self.steps = [0]

    def check(self, group: Group) -> None:
        super().check(group)
        if self.param_groups:
            says = "LBFGS sees all parameters as one vector and has one group"
            raise ValueError(f"{says}\nTry one list of all parameters")
        sizes(max_iter=group["max_iter"], history_size=group["history_size"])
        if group["max_eval"] is None:
            group["max_eval"] = group["max_iter"] * 5 // 4
        for name in ("tolerance_grad", "tolerance_change"):
            group[name] = checked(name, group[name])
        name = group["line_search_fn"]
        if name not in SEARCHES:
            says = f"line_search_fn must be None or 'strong_wolfe', not {name!r}"
            raise ValueError(says + nearest(name, ["strong_wolfe"]))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to max_iter steps; gives the loss before the first.

        closure   forgets the gradients, computes the loss, calls backward() and gives the loss
        """
        if not callable(closure):
            says = "LBFGS asks for the loss several times: step() needs a function that gives it"
            raise TypeError(f"{says}\nTry optimizer.step(closure)")
        [options] = self.param_groups
        first = closure()
        loss, g, asked = float(first), self.gradients(), 1
        for n in range(1, options["max_iter"] + 1):
            if np.abs(g).max() <= options["tolerance_grad"]:
                break
            d = self.next_direction(g, options["history_size"])
            slope, before = float(g @ d), loss
            if slope > -options["tolerance_change"]:
                break
            length = options["lr"] * (1.0 if self.steps[0] > 1 else min(1.0, 1 / np.abs(g).sum()))
            last = n == options["max_iter"]
            point, more = self.moved(closure, Point(length, loss, g, slope), d, last, options)
            loss, g, self.length, asked = point.loss, point.gradient, point.length, asked + more
            small = max(np.abs(d * point.length).max(), 0) <= options["tolerance_change"]
            same = abs(loss - before) < options["tolerance_change"]
            if asked >= options["max_eval"] or small or (same and not last):
                break
        return first

    def next_direction(self, g: Vector, most: int) -> Vector:
        """Where to go from a gradient: the Newton step as far as the pairs know the curvature."""
        if self.steps[0]:
            s, y = self.direction * self.length, g - self.gradient
            if s @ y > FLAT:
                self.pairs = [*self.pairs, (s, y)][-most:]
        q, shares = -g, []
        for s, y in reversed(self.pairs):
            share = (s @ q) / (s @ y)
            q = q - share * y
            shares.append(share)
        if self.pairs:
            s, y = self.pairs[-1]
            q = q * ((s @ y) / (y @ y))
        for (s, y), share in zip(self.pairs, reversed(shares)):
            q = q + s * (share - (y @ q) / (s @ y))
        self.direction, self.gradient = q, g
        self.steps = [self.steps[0] + 1]
        return q

    def moved(
        self, closure: Callable, start: Point, d: Vector, last: bool, options: Group
    ) -> tuple[Point, int]:
        """Where a step ends, and how often the loss was asked for.

        start   the length to try, with loss, gradient and slope of where the step begins
        last    without a search, the loss after the last step is left for the next call
        """
        origin = self.position()
        if options["line_search_fn"] is not None:

            def at(length: float) -> Point:
                self.place(origin + length * d)
                loss, g = float(closure()), self.gradients()
                return Point(length, loss, g, float(g @ d))

            size = float(np.abs(d).max())
            point, asked = line_search(at, start, size, options["tolerance_change"])
            self.place(origin + point.length * d)
            return point, asked
        self.place(origin + start.length * d)
        if last:
            return start, 0
        return Point(start.length, float(closure()), self.gradients(), 0.0), 1

    # ---------------------------------------------------------------- one vector

    def position(self) -> Vector:
        """All parameters, one behind the other."""
        return np.concatenate([np.ravel(w.numpy()).astype(np.float64) for w in self.parameters])

    def gradients(self) -> Vector:
        """All gradients, one behind the other; 0 where there is none."""
        grads = [w.grad for w in self.parameters]
        if all(grad is None for grad in grads):
            raise ValueError("the closure left no gradient\nTry loss.backward() in it")
        Tensor.realize_all(*[grad for grad in grads if grad is not None])
        rows = [
            np.zeros(w.numel()) if grad is None else np.ravel(grad.numpy()).astype(np.float64)
            for w, grad in zip(self.parameters, grads)
        ]
        return np.concatenate(rows)

    def place(self, vector: Vector) -> None:
        """Give all parameters the numbers of a vector."""
        start = 0
        for w in self.parameters:
            numbers = vector[start : start + w.numel()].reshape(w.shape)
            w.assign(numbers.astype(w.dtype.numpy))
            start += w.numel()

    def state_dict(self) -> dict[str, Tensor]:
        """What has to be kept to go on later; safe_save can write it to a file."""
        s, y = (np.array([pair[k] for pair in self.pairs]) for k in (0, 1))
        rest = (self.direction, self.gradient, np.array(self.length))
        arrays = dict(zip(STATE, (s, y, *rest)))
        return super().state_dict() | {name: Tensor(a) for name, a in arrays.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken; raises StateError and changes nothing if it misfits."""
        missing = [name for name in ("lr", "steps", *STATE) if name not in state]
        size = sum(w.numel() for w in self.parameters)
        if missing or state["direction"].shape not in ((0,), (size,)):
            raise StateError(f"this is no state of an LBFGS that learns {size:,} numbers")
        self.lr = float(np.asarray(state["lr"]))
        self.steps = [int(np.asarray(state["steps"])[0])]
        s, y, self.direction, self.gradient, length = (np.asarray(state[n]) for n in STATE)
        self.pairs, self.length = list(zip(s, y)), float(length)
