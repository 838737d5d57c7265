"""capture: what Python keeps beside the arguments decides a replay too, or is refused by name."""

import random
import warnings

import numpy as np
import pytest

import tinylearn as tl
from tests.tensor.captured import BATCHES, as_it_is, network, same, step_of, trained
from tinylearn import Tensor, nn
from tinylearn.errors import CaptureError
from tinylearn.nn import optim

SCALE = 1.0


def ones(*shape):
    return Tensor(np.ones(shape, np.float32), requires_grad=False)


class Settings:
    """What a user keeps beside a function."""

    def __init__(self):
        self.scale = 1.0

    def scaled(self, x):
        return x * self.scale


# ---------------------------------------------------------------- what is set outside counts


def by_name():
    scale = 1.0

    def f(x):
        return x * scale

    def later():
        nonlocal scale
        scale = 3.0

    return f, later


def by_global_name():
    globals()["SCALE"] = 1.0
    return (lambda x: helper(x)), lambda: globals().update(SCALE=3.0)


def helper(x):
    return x * SCALE


def by_list():
    kept = [1.0]
    return (lambda x: x * kept[0]), lambda: kept.__setitem__(0, 3.0)


def by_dict():
    kept = {"scale": 1.0}
    return (lambda x: x * kept["scale"]), lambda: kept.update(scale=3.0)


def by_attribute():
    kept = Settings()
    return (lambda x: x * kept.scale), lambda: setattr(kept, "scale", 3.0)


def by_attribute_of_self():
    kept, f = Settings(), Settings.scaled
    return (lambda x, me=kept: f(me, x)), lambda: setattr(kept, "scale", 3.0)


def by_array():
    kept = np.ones(2, np.float32)
    return (lambda x: x * kept), lambda: kept.fill(3.0)


def by_constant():
    kept = ones()
    return (lambda x: x * kept), lambda: kept.assign(3.0)


def by_computed_constant():
    kept = ones() * 1
    return (lambda x: x * kept), lambda: kept.assign(3.0)


def by_another_tensor():
    kept = [ones()]
    return (lambda x: x * kept[0]), lambda: kept.__setitem__(0, ones() * 3)


def by_hook():
    layer = nn.ReLU()
    return (lambda x: layer(x)), lambda: layer.register_forward_hook(lambda m, i, o: o * 3)


WAYS = [by_name, by_global_name, by_list, by_dict, by_attribute, by_attribute_of_self, by_array]
WAYS += [by_constant, by_computed_constant, by_another_tensor, by_hook]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_function_sees_and_somebody_sets_counts_in_the_next_call(device, way):
    function, later = way()
    f = tl.capture(function)
    assert [f(ones(2)).tolist() for _ in range(4)] == [[1.0, 1.0]] * 4
    assert f.runs == 2
    later()
    assert [f(ones(2)).tolist() for _ in range(4)] == [[3.0, 3.0]] * 4


def test_the_object_of_a_captured_method_may_get_other_attributes(device):
    kept, f = Settings(), tl.capture(Settings.scaled)
    assert [f(kept, ones()).item() for _ in range(4)] == [1.0] * 4
    kept.scale = 3.0
    assert [f(kept, ones()).item() for _ in range(4)] == [3.0] * 4


def test_minus_zero_and_a_larger_set_are_other_arguments(device):
    f = tl.capture(lambda x, k: x * (len(k) if isinstance(k, set) else k))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zeros = [f(ones(), k).numpy() for k in [0.0] * 3 + [-0.0]]
        kept = {1}
        assert [f(ones(), kept).item() for _ in range(3)] == [1.0] * 3
        kept.add(2)
        assert f(ones(), kept).item() == 2.0
    assert [bool(np.signbit(z)) for z in zeros] == [False] * 3 + [True]


def test_another_optimizer_of_the_same_name_is_used_at_once(device):
    def run(how):
        model = network()
        optimizer = optim.SGD([model], lr=0.1)

        def step(x, y):
            return step_of(model, optimizer)(x, y)

        step = how(step)
        for k, (x, y) in enumerate(BATCHES):
            if k == 5:
                optimizer = optim.SGD([model], lr=0.5)
            step(x, y)
        return [w.numpy() for w in model.parameters()]

    assert all(np.array_equal(a, b) for a, b in zip(run(tl.capture), run(as_it_is)))


# ---------------------------------------------------------------- what a call does in Python

KEPT: dict = {}


def every_fourth(x):
    KEPT["count"] = KEPT.get("count", 0) + 1
    return x * 2 if KEPT["count"] % 4 == 0 else x * 1


def list_of_losses(x):
    KEPT.setdefault("losses", []).append(x.sum())
    return x * 2


def dict_of_metrics(x):
    KEPT["mean"] = x.mean()
    return x * 2


def drawn_by_python(x):
    return x * 2 if random.random() < 1e-9 else x * 1


def counter_given_back(x, count=[0]):  # noqa: B006
    count[0] += 1
    return x * 2, count[0]


DEEDS = {
    every_fourth: "changes KEPT",
    list_of_losses: "changes KEPT",
    dict_of_metrics: "changes KEPT",
    drawn_by_python: "changes the random module",
    counter_given_back: "gives something back that is no tensor",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_call_does_in_python_is_refused_by_name(device, deed):
    KEPT.clear()
    f = tl.capture(deed)
    with pytest.raises(CaptureError, match=rf"{DEEDS[deed]}(.|\n)*\nTry "):
        for _ in range(8):
            f(ones(2))


class Counting(nn.Module):
    """Counts its calls."""

    def __init__(self):
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * 2


def test_a_counter_in_a_model_is_refused_wherever_the_model_stands(device):
    f = tl.capture(nn.Sequential(Counting()).forward)
    with pytest.raises(CaptureError, match=r"changes the attribute calls of Counting"):
        for _ in range(8):
            f(ones(2))


def test_a_hook_that_collects_is_refused(device):
    layer, seen = nn.ReLU(), []
    layer.register_forward_hook(lambda m, i, o: seen.append(o))
    f = tl.capture(lambda x: layer(x))
    with pytest.raises(CaptureError, match=r"changes seen"):
        for _ in range(8):
            f(ones(2))


def test_a_learning_rate_set_inside_is_refused_with_the_repair(device):
    model = network()
    optimizer = optim.SGD([model], lr=0.1)

    @tl.capture
    def step(x):
        optimizer.lr = optimizer.lr * 0.5

    with pytest.raises(CaptureError, match=r"learning rate is set here(.|\n)*Try a schedule"):
        step(ones(6, 4))


def test_random_numbers_that_begin_anew_inside_are_refused(device):
    with pytest.raises(CaptureError, match=r"begin anew here(.|\n)*Try manual_seed"):
        tl.capture(lambda: tl.manual_seed(1))()


# ---------------------------------------------------------------- steps and gradients


@pytest.mark.parametrize("make", [optim.Adam, optim.NAdam, optim.RAdam])
def test_several_steps_of_an_optimizer_in_one_call_are_counted_one_by_one(device, make):
    def thrice(how):
        def wrapped(step):
            def steps(x, y):
                return [step(x, y) for _ in range(3)][-1]

            return how(steps)

        return trained(wrapped, lambda m: make([m], lr=0.01))

    captured = thrice(tl.capture)
    assert same(captured, thrice(as_it_is))
    assert captured[2][0] == 27 and captured[3].runs <= 3


def test_a_gradient_left_from_outside_is_not_overlooked_by_a_replay(device):
    model = network()
    optimizer = optim.SGD([model], lr=0.1)

    @tl.capture
    def step(x, y):
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    for x, y in BATCHES[:4]:
        step(x, y)
    model(BATCHES[0][0]).cross_entropy(BATCHES[0][1]).backward()
    with pytest.raises(CaptureError, match="gradients of the call before"):
        step(*BATCHES[0])


LOSSES = {
    "an argument": lambda x, v, w: (x * w).sum(),
    "a constant": lambda x, v, w: (x + w).sum(),
    "another weight": lambda x, v, w: (v * w + x).sum(),
    "the same for both": lambda x, v, w: ((v + w) * x * x).sum(),
}


@pytest.mark.parametrize("gradient", LOSSES)
def test_a_gradient_that_is_something_else_is_left_as_by_the_function(device, gradient):
    def run(how):
        v, w = Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])

        def step(x):
            v.grad = w.grad = None
            loss = LOSSES[gradient](x, v, w)
            loss.backward()
            return loss

        step, found = how(step), []
        for k in range(8):
            if k == 5:
                v.assign(v * 3)
            step(Tensor([float(k), 1.0, 2.0], requires_grad=False))
            found += [t.grad for t in (v, w) if t.grad is not None]
        return [g.tolist() for g in found]

    assert run(tl.capture) == run(as_it_is)


# ---------------------------------------------------------------- what comes back


def test_the_numbers_of_a_weight_given_back_are_those_of_then(device):
    def run(how):
        w = Tensor([1.0, 2.0])

        def f(x):
            before = w * 1, w.detach(), w + 0
            w.assign((w + x).detach())
            return *before, w * 1

        f = how(f)
        kept = [f(Tensor([float(k), 1.0], requires_grad=False)) for k in range(8)]
        return [t.tolist() for answer in kept for t in answer]

    assert run(tl.capture) == run(as_it_is)


def test_a_tensor_that_takes_over_an_argument_has_it(device):
    state = ones(2) * 0

    @tl.capture
    def f(x):
        before = state * 1
        state.assign(x)
        return before

    found = [f(Tensor([float(k), 1.0], requires_grad=False)).tolist()[0] for k in range(8)]
    assert found == [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_an_array_may_be_written_over_when_the_call_is_done(device):
    @tl.capture
    def f(x):
        x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
        return x, x * 1, x * 2

    numbers, kept = np.zeros(2, np.float32), []
    for _ in range(6):
        numbers += 1
        kept.append(f(numbers))
    firsts = [[t.tolist()[0] for t in answers] for answers in kept]
    assert firsts == [[k, k, 2 * k] for k in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]
