"""capture: what changes a function makes a new tape, what cannot be replayed is refused."""

import threading
import warnings

import numpy as np
import pytest

import tinylearn as tl
from tests.tensor.captured import BATCHES, OPTIMIZERS, as_it_is, network, same, trained
from tinylearn import Tensor, nn
from tinylearn.errors import CaptureError
from tinylearn.graph.primitives import MUL
from tinylearn.nn import optim

# ---------------------------------------------------------------- what makes a new tape


def test_another_shape_is_captured_anew_and_said_once(device):
    f = tl.capture(lambda x: x.sum())
    assert [f(Tensor.ones(3)).item() for _ in range(4)] == [3.0] * 4
    with pytest.warns(UserWarning, match=r"captured anew.*\nTry .*drop_last=True"):
        assert f(Tensor.ones(5)).item() == 5.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sizes = [3, 5, 5, 3, 7, 7, 7, 3]
        assert [f(Tensor.ones(n)).item() for n in sizes] == [float(n) for n in sizes]


@pytest.mark.parametrize("quiet", ["Tensor.training", "eval"])
def test_a_changed_training_flag_makes_a_new_tape(device, quiet, monkeypatch):
    model = network(nn.Dropout(0.5))
    f = tl.capture(lambda x: model(x))
    x = Tensor(BATCHES[0][0], requires_grad=False)
    first = [f(x).numpy() for _ in range(4)]
    assert not np.array_equal(first[2], first[3])
    if quiet == "eval":
        model.eval()
    else:
        monkeypatch.setattr(Tensor, "training", False)
    calm = [f(x).numpy() for _ in range(4)]
    assert all(np.array_equal(calm[0], c) for c in calm)
    assert np.array_equal(calm[0], model(x).numpy())


def test_parts_that_are_swapped_count_at_once(device):
    w = Tensor([3.0])

    @tl.capture
    def slope(x):
        w.grad = None
        (w * x).sum().backward()
        return w.grad * 1

    def twice(g, node):
        x, y = node.inputs
        return g * y * 2, g * x * 2

    x = Tensor([5.0], requires_grad=False)
    assert [slope(x).item() for _ in range(4)] == [5.0] * 4
    contract, MUL.gradient.contract = MUL.gradient.contract, None
    try:
        with tl.using({"gradient.mul": twice}):
            assert [slope(x).item() for _ in range(4)] == [10.0] * 4
    finally:
        MUL.gradient.contract = contract
    assert [slope(x).item() for _ in range(2)] == [5.0] * 2


@pytest.mark.parametrize("name, value", [("weight_decay", 0.5), ("betas", (0.5, 0.5))])
def test_another_option_of_an_optimizer_counts_at_once(device, name, value):
    def between(k, model, optimizer):
        if k == 5:
            optimizer.param_groups[0][name] = value

    captured = trained(tl.capture, OPTIMIZERS["adam"], between=between)
    assert same(captured, trained(as_it_is, OPTIMIZERS["adam"], between=between))


def test_frozen_weights_stay_frozen(device):
    def between(k, model, optimizer):
        if k == 5:
            model[0].requires_grad_(False)

    captured = trained(tl.capture, between=between)
    assert same(captured, trained(as_it_is, between=between))


def test_another_layer_is_used_at_once(device):
    model = network()
    f = tl.capture(lambda x: model(x))
    x = Tensor(BATCHES[0][0], requires_grad=False)
    for _ in range(4):
        f(x)
    model[2] = nn.Linear(8, 5)
    assert np.array_equal(f(x).numpy(), model(x).numpy())


def test_weights_that_join_an_optimizer_learn(device):
    def run(how):
        model, extra = network(), Tensor([1.0, 1.0, 1.0])
        optimizer = OPTIMIZERS["sgd"](model)

        def step(x, y):
            optimizer.zero_grad()
            loss = (model(x) * extra).cross_entropy(y)
            loss.backward()
            optimizer.step()
            extra.grad = None
            return loss

        step = how(step)
        for k, (x, y) in enumerate(BATCHES):
            if k == 5:
                optimizer.add_param_group({"params": [extra]})
            step(Tensor(x, requires_grad=False), Tensor(y))
        return [w.numpy() for w in [extra, *model.parameters()]]

    assert all(np.array_equal(a, b) for a, b in zip(run(tl.capture), run(as_it_is)))


def test_recording_off_or_on_makes_a_tape_each(device):
    w = Tensor([2.0])
    f = tl.capture(lambda x: w * x)
    for _ in range(4):
        assert f(Tensor([3.0])).item() == 6.0
        with tl.no_grad():
            assert f(Tensor([4.0])).item() == 8.0


# ---------------------------------------------------------------- what is refused, by name

READS = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.sum()),
    "bool": lambda x: 1 if x.sum() > 0 else 2,
    "numpy": lambda x: x.numpy(),
    "tolist": lambda x: x.tolist(),
    "array": lambda x: np.asarray(x),
    "nonzero": lambda x: x[x > 0],
}


@pytest.mark.parametrize("name", READS)
def test_a_value_read_inside_is_refused_with_the_repair(device, name):
    @tl.capture
    def f(x):
        y = x * 2
        READS[name](y)
        return y

    with pytest.raises(CaptureError, match=r"a value is read here.*\nTry returning the tensor"):
        f(Tensor([1.0, 2.0]))


def calls(f, count=8):
    for k in range(count):
        f(Tensor([float(k), 1.0], requires_grad=False))


def test_a_counter_in_python_is_refused(device):
    count = [0]

    @tl.capture
    def f(x):
        count[0] += 1
        return x * (count[0] + 0.25)

    with pytest.raises(CaptureError, match=r"the number .*25 .*another one in each call.*\nTry"):
        calls(f)


def test_data_that_python_picks_inside_is_refused(device):
    place = iter(range(100))

    @tl.capture
    def f(x):
        return x + Tensor(np.arange(2, dtype=np.float32) + next(place), requires_grad=False)

    with pytest.raises(CaptureError, match=r"a tensor \(2,\) in a captured function is another"):
        calls(f)


def test_a_state_kept_in_python_is_refused_and_its_repair_works(device):
    class Memory:
        h = Tensor([0.0, 0.0], requires_grad=False)

    @tl.capture
    def wrong(x):
        Memory.h = (Memory.h * 0.5 + x).detach()
        return Memory.h

    with pytest.raises(CaptureError, match=r"Try .*state\.assign\(new\)"):
        calls(wrong)
    h = Tensor([0.0, 0.0], requires_grad=False)

    @tl.capture
    def right(x):
        h.assign(h * 0.5 + x)
        return h * 1

    want = np.zeros(2, np.float32)
    for k in range(8):
        x = np.array([k, 1.0], np.float32)
        want = want * np.float32(0.5) + x
        assert np.array_equal(right(Tensor(x, requires_grad=False)).numpy(), want)


def test_gradients_that_pile_up_from_call_to_call_are_refused(device):
    model = network()
    optimizer = OPTIMIZERS["sgd"](model)

    @tl.capture
    def step(x, y):
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        return loss

    x, y = BATCHES[0]
    step(x, y)
    with pytest.raises(CaptureError, match=r"gradients of the call before.*\nTry .*zero_grad\(\)"):
        step(x, y)
    for x, y in BATCHES:  # cleared outside, it works
        optimizer.zero_grad()
        step(x, y)


def test_the_same_numbers_twice_are_told_from_two(device):
    f = tl.capture(lambda x, y: x - y * 2)
    one, two = Tensor([1.0]), Tensor([2.0])
    for _ in range(3):
        assert [f(one, one).item() for _ in range(3)] == [-1.0] * 3
        assert [f(one, two).item() for _ in range(3)] == [-3.0] * 3
        assert [f(two, one * 1).item(), f(two, two * 1).item()] == [0.0, -2.0]


@pytest.mark.parametrize("change", ["assign", "add_", "step"])
def test_an_argument_that_is_changed_is_refused(device, change):
    optimizer = optim.SGD([w := Tensor([1.0])], lr=0.1)

    @tl.capture
    def f(x):
        x.grad = None
        x.sum().backward()
        with tl.no_grad():
            optimizer.step() if change == "step" else getattr(x, change)(x * 2)

    with pytest.raises(
        CaptureError, match=r"changes its argument(.|\n)*Try giving the new numbers"
    ):
        f(w)


def test_a_graph_that_differs_from_call_to_call_is_refused(device):
    count = [0]

    @tl.capture
    def f(x):
        count[0] += 1
        for _ in range(count[0]):
            x = x + 1
        return x

    with pytest.raises(CaptureError, match="computes something else in each call"):
        calls(f)


def test_an_array_given_back_is_refused(device):
    with pytest.raises(CaptureError, match="an array is given back"):
        tl.capture(lambda x: np.ones(3))(Tensor([1.0]))


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="capture takes a function"):
        tl.capture(Tensor([1.0]))


def test_a_with_block_is_refused_because_nobody_can_run_it_twice():
    with (
        pytest.raises(TypeError, match=r"a `with` block .*\nTry @tl\.capture above a def"),
        tl.capture(),
    ):
        Tensor([1.0]).sum().item()


def test_an_error_inside_leaves_nothing_behind(device):
    fails = [True]

    @tl.capture
    def f(x):
        if fails[0]:
            raise ZeroDivisionError
        return x * 2

    with pytest.raises(ZeroDivisionError):
        f(Tensor([1.0]))
    fails[0] = False
    assert [f(Tensor([float(k)])).item() for k in range(4)] == [0.0, 2.0, 4.0, 6.0]
    assert Tensor([1.0]).item() == 1.0  # nothing is captured any more


def test_labels_out_of_range_are_refused_in_replays_too(device):
    f = tl.capture(lambda x, y: x.cross_entropy(y))
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=False)
    for _ in range(4):
        f(x, Tensor([0, 2]))
    with pytest.raises(ValueError, match="class"):
        f(x, Tensor([0, 3])).item()


def test_threads_may_call_a_captured_function(device):
    f = tl.capture(lambda x: x * 2)
    wrong = []

    def work(k):
        for _ in range(20):
            if f(Tensor([float(k)])).item() != 2.0 * k:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
