"""capture: a replayed step is the step, bit for bit; what a replay would not do is refused."""

import threading
import warnings

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Tensor, nn
from tinylearn.errors import CaptureError
from tinylearn.graph.primitives import MUL
from tinylearn.nn import optim

RNG = np.random.default_rng(3)
BATCHES = [
    (RNG.standard_normal((6, 4)).astype(np.float32), RNG.integers(0, 3, 6)) for _ in range(9)
]
OPTIMIZERS = {
    "sgd": lambda m: optim.SGD([m], lr=0.1),
    "momentum": lambda m: optim.SGD([m], lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.01),
    "adam": lambda m: optim.Adam([m], lr=0.01),
    "adamw": lambda m: optim.AdamW([m], lr=0.01, amsgrad=True),
    "rmsprop": lambda m: optim.RMSprop([m], lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda m: optim.Adagrad([m], lr=0.1, lr_decay=0.1),
    "adadelta": lambda m: optim.Adadelta([m]),
    "adamax": lambda m: optim.Adamax([m], lr=0.01),
    "nadam": lambda m: optim.NAdam([m], lr=0.01),
    "radam": lambda m: optim.RAdam([m], lr=0.01),
    "lion": lambda m: optim.Lion([m], lr=0.01, weight_decay=0.1),
}


def network(*more):
    """A little network, always with the same first weights."""
    tl.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), *more, nn.Linear(8, 3))


def step_of(model, optimizer):
    """A training step, as its users write it."""

    def step(x, y):
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def trained(how, make=OPTIMIZERS["sgd"], layers=(), between=lambda k, model, optimizer: None):
    """Losses and weights after nine steps, each run as `how` says."""
    model = network(*[layer() for layer in layers])
    optimizer = make(model)
    step = how(step_of(model, optimizer))
    tl.manual_seed(1)
    losses = []
    for k, (x, y) in enumerate(BATCHES):
        losses.append(step(Tensor(x, requires_grad=False), Tensor(y)).item())
        between(k, model, optimizer)
    numbers = [t.numpy() for t in model.state_dict().values()]
    return losses, numbers, optimizer.steps, step


def same(one, other):
    """Whether two trainings came to the same numbers, bit for bit."""
    alike = all(np.array_equal(a, b) for a, b in zip(one[1], other[1], strict=True))
    return one[0] == other[0] and alike and one[2] == other[2]


def as_it_is(function):
    return function


# ---------------------------------------------------------------- bit for bit


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_captured_step_gives_the_numbers_of_the_step(device, name):
    captured = trained(tl.capture, OPTIMIZERS[name])
    assert same(captured, trained(as_it_is, OPTIMIZERS[name]))
    assert captured[3].runs <= 3  # and the other six were replays


def test_dropout_and_batch_norm_go_on_as_if_the_function_ran(device):
    layers = (lambda: nn.BatchNorm1d(8), lambda: nn.Dropout(0.4))
    captured = trained(tl.capture, layers=layers)
    assert same(captured, trained(as_it_is, layers=layers))
    assert captured[3].runs <= 3


@pytest.mark.parametrize("draw", ["rand", "randn", "uniform", "normal"])
def test_random_numbers_are_drawn_anew_in_each_replay(device, draw):
    noise = tl.capture(lambda: getattr(Tensor, draw)(3, requires_grad=False) * 2)
    tl.manual_seed(5)
    numbers = [noise().numpy() for _ in range(5)]
    tl.manual_seed(5)
    for got in numbers:
        want = (getattr(Tensor, draw)(3, requires_grad=False) * 2).numpy()
        assert np.array_equal(got, want)
    assert noise.runs == 2


def test_a_schedule_inside_and_a_rate_set_outside_count_in_the_next_replay(device):
    def run(how):
        model = network()
        optimizer = OPTIMIZERS["adam"](model)
        schedule = optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
        inner = step_of(model, optimizer)

        def step(x, y):
            loss = inner(x, y)
            schedule.step()
            return loss

        step, rates = how(step), []
        for k, (x, y) in enumerate(BATCHES):
            step(Tensor(x, requires_grad=False), Tensor(y))
            rates.append(optimizer.lr)
            if k == 6:
                optimizer.lr = 0.25
        return rates, [w.numpy() for w in model.parameters()]

    (rates, weights), (want, others) = run(tl.capture), run(as_it_is)
    assert rates == want and rates[3] < rates[0] and rates[-1] < 0.25
    assert all(np.array_equal(a, b) for a, b in zip(weights, others))


def test_cycled_momentum_is_read_anew(device):
    def between(k, model, optimizer):
        if k == 0:
            between.schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.3, total_steps=12)
        between.schedule.step()

    make = OPTIMIZERS["momentum"]
    captured = trained(tl.capture, make, between=between)
    assert same(captured, trained(as_it_is, make, between=between))


def test_two_captured_functions_train_the_same_weights_in_turns(device):
    def run(how):
        model = network()
        first, second = optim.SGD([model], lr=0.1), optim.Adam([model], lr=0.01)
        steps = [how(step_of(model, first)), how(step_of(model, second))]
        for k, (x, y) in enumerate(BATCHES * 2):
            steps[k % 2](Tensor(x, requires_grad=False), Tensor(y))
        return [w.numpy() for w in model.parameters()]

    assert all(np.array_equal(a, b) for a, b in zip(run(tl.capture), run(as_it_is)))


# ---------------------------------------------------------------- what others hold stays theirs


def test_losses_that_somebody_keeps_are_not_written_over(device):
    model = network()
    step = tl.capture(step_of(model, OPTIMIZERS["sgd"](model)))
    kept = [step(Tensor(x, requires_grad=False), Tensor(y)) for x, y in BATCHES]
    assert [loss.item() for loss in kept] == trained(as_it_is)[0]


@pytest.mark.parametrize(
    "hold",
    [
        lambda w: w.detach(),
        lambda w: w.detach().realize(),
        lambda w: Tensor(w, requires_grad=False),
        lambda w: w * 1,
        lambda w: w.clone(),
        lambda w: w[0:1],
    ],
)
def test_old_weights_that_somebody_holds_keep_their_numbers(device, hold):
    model = network()
    weight = model.parameters()[0]
    step = tl.capture(step_of(model, OPTIMIZERS["adam"](model)))
    held = []
    for x, y in BATCHES:
        held.append((hold(weight), hold(Tensor(weight.numpy())).numpy()))
        step(Tensor(x, requires_grad=False), Tensor(y))
    for tensor, numbers in held:
        assert np.array_equal(tensor.numpy(), numbers)


def test_weights_that_others_set_are_taken_over(device):
    numbers = network().parameters()[0].numpy() * 0.5

    def between(k, model, optimizer):
        if k in (3, 6):
            model.parameters()[0].assign(numbers)
        if k == 4:
            model.load_state_dict({n: t.numpy() * 0.9 for n, t in model.state_dict().items()})
        if k == 5:
            optimizer.load_state_dict(optimizer.state_dict())

    for name in ("sgd", "adam"):
        captured = trained(tl.capture, OPTIMIZERS[name], between=between)
        assert same(captured, trained(as_it_is, OPTIMIZERS[name], between=between))


def test_a_step_that_is_not_captured_may_come_in_between(device):
    def run(how):
        model = network()
        optimizer = OPTIMIZERS["adam"](model)
        plain = step_of(model, optimizer)
        step = how(plain)
        for k, (x, y) in enumerate(BATCHES):
            (plain if k == 5 else step)(Tensor(x, requires_grad=False), Tensor(y))
        return [w.numpy() for w in model.parameters()], optimizer.steps

    (weights, steps), (others, counts) = run(tl.capture), run(as_it_is)
    assert steps == counts and all(np.array_equal(a, b) for a, b in zip(weights, others))


# ---------------------------------------------------------------- arguments and answers


def test_arrays_structures_and_words_may_be_arguments_and_answers(device):
    @tl.capture
    def f(pair, scale, *, name):
        x, y = pair
        return {"sum": x + y, "rest": (x * scale, None, name)}

    for k in range(5):
        x, y = np.full(3, k, np.float32), Tensor([1.0, 2.0, 3.0], requires_grad=False)
        got = f([x, y], 2.0, name="a")
        assert np.array_equal(got["sum"].numpy(), x + y.numpy())
        assert np.array_equal(got["rest"][0].numpy(), x * 2) and got["rest"][1:] == (None, "a")
    assert f.runs == 2
    with pytest.warns(UserWarning, match="captured anew"):
        assert np.array_equal(f([x, y], 3.0, name="a")["rest"][0].numpy(), x * 3)


def test_an_argument_given_back_is_that_argument(device):
    f = tl.capture(lambda x: (x, x + 1))
    for k in range(4):
        x = Tensor([float(k)])
        assert f(x)[0] is x and f(x)[1].item() == k + 1


def test_the_gradient_of_an_argument_can_be_given_back(device):
    @tl.capture
    def slope(x):
        (x * x).sum().backward()
        return x.grad

    for k in range(4):
        x = Tensor([float(k), 2.0])
        assert slope(x).tolist() == [2.0 * k, 4.0] and x.grad is None


def test_weights_can_be_given_back(device):
    w = Tensor([1.0])

    @tl.capture
    def grow():
        with tl.no_grad():
            w.assign(w * 2)
        return w, w.detach()

    pairs = [grow() for _ in range(5)]
    assert all(itself is w for itself, _ in pairs)
    assert [copy.item() for _, copy in pairs] == [2.0, 4.0, 8.0, 16.0, 32.0]


def test_gradients_that_no_optimizer_used_are_left(device):
    w = Tensor([1.0, 2.0])

    @tl.capture
    def slopes(x):
        w.grad = None
        loss = (w * w * x).sum()
        loss.backward()
        return loss

    for k in range(5):
        slopes(Tensor([float(k), 1.0], requires_grad=False))
        assert w.grad.tolist() == [2.0 * k, 4.0]


def test_gradients_that_an_optimizer_used_are_none_after_a_replay(device):
    _, _, _, step = trained(tl.capture)
    model = network()
    step = tl.capture(step_of(model, OPTIMIZERS["sgd"](model)))
    for x, y in BATCHES:
        step(x, y)
    assert [w.grad for w in model.parameters()] == [None] * 4


def test_methods_can_be_captured(device):
    class Trainer:
        def __init__(self, factor):
            self.factor = factor

        @tl.capture
        def run(self, x):
            return x * self.factor

    one, two = Trainer(2.0), Trainer(3.0)
    for k in range(4):
        x = Tensor([float(k)])
        assert (one.run(x).item(), two.run(x).item()) == (2.0 * k, 3.0 * k)


def test_a_captured_function_inside_another_is_part_of_it(device):
    inner = tl.capture(lambda x: x * 2)
    outer = tl.capture(lambda x: inner(x) + 1)
    assert [outer(Tensor([float(k)])).item() for k in range(5)] == [1.0, 3.0, 5.0, 7.0, 9.0]
    assert [inner(Tensor([float(k)])).item() for k in range(5)] == [0.0, 2.0, 4.0, 6.0, 8.0]


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


# ---------------------------------------------------------------- pictures


def test_a_captured_step_is_one_film():
    model = network()
    step = tl.capture(step_of(model, OPTIMIZERS["sgd"](model)))
    assert "step was not called yet\nTry calling it first" in str(tl.explain(step))
    for calls in range(1, 5):
        step(*BATCHES[0])
        said = str(tl.explain(step))
        assert "cross_entropy" in said and "0.1" not in said[:20]
        assert len(tl.trace(step)["steps"]) > 20, calls
