"""Copies and pickles: what comes back is apart from the original and behaves as it does."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

from tinylearn import Device, Part, Tensor, nn
from tinylearn.errors import GradientError
from tinylearn.nn import datasets, optim
from tinylearn.nn.optim import lr_scheduler
from tinylearn.parts import UnknownPart, part, use, using

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
WAYS = {"deepcopy": copy.deepcopy} | {
    f"pickle {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in PROTOCOLS
}
OPTIMIZERS = {
    "SGD": lambda w: optim.SGD(w, lr=0.1),
    "SGD momentum": lambda w: optim.SGD(w, lr=0.1, momentum=0.9, weight_decay=0.01),
    "SGD nesterov": lambda w: optim.SGD(w, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda w: optim.Adam(w, lr=0.1, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1),
    "AdamW": lambda w: optim.AdamW(w, lr=0.1, weight_decay=0.2),
}
X = np.linspace(-1, 1, 24).astype(np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 1, 0, 2])


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def copied(request):
    """Each way to make a copy that is apart."""
    return request.param


def model_of_all_kinds() -> nn.Module:
    """Layers with statistics, functions and methods in between."""
    return nn.Sequential(
        nn.Linear(4, 5), nn.BatchNorm(5), Tensor.relu, nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3)
    )


def train(model, optimizer, steps=5) -> list[float]:
    """The losses on the way."""
    losses = []
    for _ in range(steps):
        device = optimizer.parameters[0].device
        x, y = (Tensor(a, device=device, requires_grad=False) for a in (X, Y))
        loss = nn.CrossEntropyLoss()(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_model_and_its_optimizer_go_on_together_as_the_originals_do(device, copied, make):
    Device.DEFAULT = device
    model = model_of_all_kinds()
    optimizer = make([model])
    schedule = lr_scheduler.StepLR(optimizer, 2)
    train(model, optimizer, 3)
    schedule.step()
    model2, optimizer2, schedule2 = copied((model, optimizer, schedule))
    assert schedule2.optimizer is optimizer2
    assert [a is b for a, b in zip(optimizer2.parameters, model2.parameters())] == [True] * 8
    assert {id(t) for t in model.state_dict().values()}.isdisjoint(
        map(id, model2.state_dict().values())
    )
    assert all(t.device == device for t in model2.state_dict().values())
    schedule2.step()
    losses2 = train(model2, optimizer2)
    schedule.step()
    assert train(model, optimizer) == losses2
    for a, b in zip(model.state_dict().values(), model2.state_dict().values()):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert optimizer.steps == optimizer2.steps == [8] * 8


def test_a_gradient_that_waits_goes_along_and_the_next_step_takes_it(device, copied):
    Device.DEFAULT = device
    w = Tensor([1.0, 2.0])
    optimizer = optim.SGD([w], lr=0.5)
    (w * w).sum().backward()
    w2, optimizer2 = copied((w, optimizer))
    assert w2.grad.tolist() == [2.0, 4.0] and w2.grad is not w.grad
    optimizer2.step()
    assert w2.tolist() == [0.0, 0.0] and w.tolist() == [1.0, 2.0]
    (w2 * w2).sum().backward()
    assert w2.grad.tolist() == [2.0, 4.0]  # 2 * 0 on top


def test_a_tensor_that_stands_twice_stands_twice_in_the_copy(copied):
    w = Tensor([1.0, 2.0])
    w.grad = Tensor([5.0, 6.0], requires_grad=False)
    a, b, inside = copied([w, w, {"again": (w,)}])
    assert a is b is inside["again"][0] and a is not w
    assert a.grad.tolist() == [5.0, 6.0]
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    again = copied(tied)
    assert again[0].weight is again[1].weight


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_numbers_dtype_device_and_the_right_to_a_gradient_stay(device, copied, dtype, shape):
    x = Tensor(np.ones(shape), dtype=dtype, device=device)
    for want in (x, x.detach(), x.reshape(*shape[::-1]).detach() + 1):
        y = copied(want)
        assert (y.dtype, y.shape, y.device) == (want.dtype, want.shape, device)
        assert (y.requires_grad, y.is_leaf, y.grad) == (want.requires_grad, True, None)
        assert y.tolist() == want.tolist()


def test_a_copy_has_memory_of_its_own_also_out_of_band():
    x, pieces = Tensor([1.0, 2.0]), []
    kept = pickle.dumps(x, 5, buffer_callback=pieces.append)
    memory = [bytearray(p.raw()) for p in pieces]
    y = pickle.loads(kept, buffers=memory)
    for m in memory:
        m[:] = bytes(len(m))
    assert y.tolist() == [1.0, 2.0]
    given = np.array([1.0, 2.0], np.float32)
    y = copy.deepcopy(Tensor.from_numpy(given))
    given[:] = 9
    assert y.tolist() == [1.0, 2.0]


def test_what_was_computed_is_no_leaf_and_is_not_copied_deeply():
    with pytest.raises(GradientError, match=r"only leaves.*\nTry x.detach\(\)"):
        copy.deepcopy({"y": Tensor([1.0]) * 2})
    y = pickle.loads(pickle.dumps(Tensor([1.0]) * 2))  # PyTorch: numbers that learn
    assert y.is_leaf and y.requires_grad and y.tolist() == [2.0]


class Named(Tensor):
    """A student's tensor, with a name."""


def test_tensors_of_a_class_of_ones_own_keep_it_and_what_was_set(copied):
    x = Named([1.0, 2.0])
    x.name = ["weight"]
    for y in (copied(x), copy.copy(x)):
        assert type(y) is Named and y.name == ["weight"] and y.is_leaf
        (y * 2).sum().backward()
        assert y.grad.tolist() == [2.0, 2.0] and x.grad is None


# ---------------------------------------------------------------- shallow copies


def test_a_shallow_copy_of_a_leaf_is_a_leaf_with_the_same_numbers(device):
    w = Tensor([1.0, 2.0], device=device)
    (w * 3).sum().backward()
    v = copy.copy(w)
    assert v.is_leaf and v.requires_grad and v.grad is w.grad and v.device == device
    w.assign([7.0, 7.0])
    (v * v).sum().backward()
    assert v.tolist() == [1.0, 2.0] and v.grad.tolist() == [5.0, 7.0]
    assert w.grad.tolist() == [3.0, 3.0]


def test_a_shallow_copy_of_what_was_computed_has_the_same_history():
    w = Tensor([1.0, 2.0])
    copy.copy(w * w).sum().backward()
    assert w.grad.tolist() == [2.0, 4.0]


def test_a_shallow_copy_of_a_model_shares_its_tensors():
    model = model_of_all_kinds()
    again = copy.copy(model)
    assert again is not model
    assert [a is b for a, b in zip(again.parameters(), model.parameters())] == [True] * 8


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_shallow_copy_of_an_optimizer_goes_on_from_here_with_its_own_memory(make):
    def step(optimizer):
        (w,) = optimizer.parameters
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        return w.tolist()

    w = Tensor([1.0, -2.0])
    optimizer = make([w])
    step(optimizer)
    again, here = copy.copy(optimizer), w.numpy()
    assert again.parameters[0] is w
    first = [step(optimizer) for _ in range(3)]
    w.assign(here)
    assert [step(again) for _ in range(3)] == first
    assert again.steps == optimizer.steps == [4]


# ---------------------------------------------------------------- everything else


@pytest.mark.parametrize(
    "make",
    [
        lambda w: lr_scheduler.StepLR(w, 2, 0.5),
        lambda w: lr_scheduler.ExponentialLR(w, 0.9),
        lambda w: lr_scheduler.CosineAnnealingLR(w, 5),
        lambda w: lr_scheduler.LinearLR(w),
        lambda w: lr_scheduler.LinearWarmup(w, 4),
        lambda w: lr_scheduler.LambdaLR(w, float),
    ],
)
def test_schedules_go_on_where_they_were(copied, make):
    schedule = make(optim.SGD([Tensor([1.0])], lr=0.5))
    schedule.step()
    again = copied(schedule)
    for _ in range(4):
        schedule.step()
        again.step()
        assert again.optimizer.lr == schedule.optimizer.lr


def test_data_sets_and_loaders_give_the_same_batches(copied):
    data = copied(datasets.digits8(flat=True))
    np.testing.assert_array_equal(data.x_test, datasets.digits8(flat=True).x_test)
    assert type(copied(datasets.moons())) is datasets.Points
    loader = datasets.batches(X, Y, size=2, seed=3)
    next(iter(loader))
    again = copied(loader)
    assert again.epoch == 1
    for (a, b), (c, d) in zip(loader, again, strict=True):
        assert a.tolist() == c.tolist() and b.tolist() == d.tolist()


@pytest.mark.parametrize("name", [n for n in dir(Tensor) if not n.startswith("_")])
def test_methods_that_stand_in_a_model_are_found_again(name):
    method = getattr(Tensor, name)
    again = pickle.loads(pickle.dumps(method)) if callable(method) else method
    assert again is method or again == method


@pytest.mark.parametrize("name", Part.table)
def test_a_copy_of_a_part_is_the_part(copied, name):
    assert copied(Part.table[name]) is Part.table[name] is copy.copy(Part.table[name])


def test_a_part_in_a_pickle_runs_what_runs_when_it_is_read():
    kept = pickle.dumps({"rule": Part.table["optim.momentum"]})

    def mine(w, g, v, lr, momentum):
        v = g + v * momentum
        return w - v * lr, v

    with using({"optim.momentum": mine}):
        assert not pickle.loads(kept)["rule"].is_default
    assert pickle.loads(kept)["rule"].is_default


def test_a_part_that_is_not_there_is_named():
    @part("test.gone")
    def gone():
        """Soon."""

    kept = pickle.dumps(gone)
    del Part.table["test.gone"]
    with pytest.raises(UnknownPart, match=r"no Part is named 'test\.gone'"):
        pickle.loads(kept)


def goes_on(pickled: bytes) -> tuple[bytes, list[float]]:
    """In another process: train on, and send everything back."""
    model, optimizer = pickle.loads(pickled)
    losses = train(model, optimizer)
    return pickle.dumps((model, optimizer)), losses


@pytest.mark.parametrize("make", [OPTIMIZERS["SGD nesterov"], OPTIMIZERS["Adam"]])
def test_a_fresh_process_trains_on_and_sends_it_back(device, make):
    Device.DEFAULT = device
    model = model_of_all_kinds()
    optimizer = make([model])
    train(model, optimizer)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        sent, losses = pool.apply(goes_on, (pickle.dumps((model, optimizer)),))
    assert train(model, optimizer) == losses
    assert train(*pickle.loads(sent), 2) == train(model, optimizer, 2)


def test_use_in_force_outlives_a_copy():
    use({"optim.sgd": lambda w, g, lr: w - lr * g})
    try:
        again = copy.deepcopy(optim.SGD([Tensor([1.0])]))
        again.parameters[0].sum().backward()
        again.step()
        assert not Part.table["optim.sgd"].is_default
    finally:
        use({"optim.sgd": None})
