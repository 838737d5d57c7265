"""capture: a replayed step is the step, bit for bit; what a replay would not do is refused."""

import numpy as np
import pytest

import tinylearn as tl
from tests.tensor.captured import BATCHES, OPTIMIZERS, as_it_is, network, same, step_of, trained
from tinylearn import Tensor, nn
from tinylearn.nn import optim

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
        lambda w: w.reshape(-1).realize(),
        lambda w: w.detach().reshape(-1).realize(),
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
    assert slopes.runs == 2


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
