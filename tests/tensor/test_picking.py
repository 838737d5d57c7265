"""x[index]: whatever the index is made of, and whatever it picks from."""

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.devices.device import Device
from tinylearn.tensor import Tensor

ROWS = np.random.default_rng(0).standard_normal((600, 50)).astype(np.float32)
ORDER = np.random.default_rng(1).permutation(600)


@pytest.fixture
def device(device):
    """Each device that works on this machine, as the default; `tidy` puts it back."""
    Device.DEFAULT = device
    return device


INDICES = {
    "part of an order": lambda: (Tensor(ORDER)[:64], ORDER[:64]),
    "a sum": lambda: (Tensor(ORDER[:64]) - 600, ORDER[:64]),
    "of 32 bits": lambda: (Tensor(ORDER[:64].astype(np.int32)) * 1, ORDER[:64]),
    "of two axes": lambda: (Tensor(ORDER)[:64].reshape(8, 8), ORDER[:64].reshape(8, 8)),
    "known": lambda: (Tensor(ORDER[:64]), ORDER[:64]),
    "of places of extremes": lambda: (
        Tensor(ROWS[:, :40]).argmax(0),
        ROWS[:, :40].argmax(0),
    ),
}


@pytest.mark.parametrize("name", INDICES)
def test_rows_by_an_index_that_is_still_to_be_computed(name, device):
    index, places = INDICES[name]()
    for x in (Tensor(ROWS) * 2, Tensor(ROWS, requires_grad=False) * 2):
        y = x[index]
        np.testing.assert_array_equal(y.numpy(), (ROWS * 2)[places])
    both = (Tensor(ROWS) * 2)[index, 1:3]
    np.testing.assert_array_equal(both.numpy(), (ROWS * 2)[places, 1:3])


def test_gradients_of_rows_that_are_picked_twice_are_added_up(device):
    x = Tensor(ROWS)
    (((x * 2)[Tensor(ORDER)[:64] % 8]) * 3).sum().backward()
    expected = np.zeros_like(ROWS)
    np.add.at(expected, ORDER[:64] % 8, 6.0)
    np.testing.assert_allclose(x.grad.numpy(), expected)


def test_places_that_are_not_there_are_refused_on_the_line_that_asks(device):
    with pytest.raises(IndexError, match="no place 600 on axis 0, which has size 600"):
        Tensor(ROWS)[Tensor(np.arange(64)) + 600]


def test_what_is_looked_up_waits_in_the_graph():
    y = Tensor(ROWS)[Tensor(np.arange(3)) + 1]
    assert y.node.buffer is None and "not computed yet" in repr(y)
    np.testing.assert_array_equal(y.numpy(), ROWS[1:4])


def test_more_than_memory_holds_is_not_computed_to_pick_from_it():
    whole = Tensor(ROWS[:1, :1]).expand(10**6, 10**6)
    rows = whole[Tensor(np.arange(3)) + 1][:, :2]
    assert rows.shape == (3, 2) and (rows.numpy() == ROWS[0, 0]).all()


# ---------------------------------------------------------------- places that are not there


def test_a_small_index_is_checked_before_anything_is_computed_from_it(device):
    x = Tensor([1.0, 2.0, 3.0])
    for index, place in (
        (Tensor([0, 1]) + 2, 3),
        (x.argmax() + 1, 3),
        (Tensor([[0, -4]])[:, 1:], -4),
        ((x > 1).sum() + 1, 3),
    ):
        with pytest.raises(IndexError, match=f"no place {place} on axis 0, which has size 3"):
            x[index]
    assert x[x.argmax()].item() == 3.0 and x[-(x > 1).sum()].item() == 2.0
    with pytest.raises(IndexError, match="rows 0 to 9, got 10"):
        tl.nn.Embedding(10, 2)(Tensor([4, 5]) * 2)


def test_an_index_that_costs_much_waits():
    x, logits = Tensor(ROWS[:60]), Tensor(ROWS) @ Tensor(ROWS.T)
    index = logits.argmax(1)
    y = x[:, :1][index % 60]
    assert index.node.buffer is None and y.node.buffer is None
    np.testing.assert_allclose(y.numpy(), ROWS[:60, :1][(ROWS @ ROWS.T).argmax(1) % 60])
    with pytest.raises(IndexError, match=r"no place 6\d\d on axis 0, which has size 60"):
        x[index + 600].numpy()


def test_classes_that_are_not_there_are_refused_where_they_are_cheap_to_know(device):
    x, labels = Tensor(ROWS[:2, :3]), Tensor([1, 3])
    for make in (
        lambda: x.cross_entropy(labels - 2),
        lambda: x.nll_loss(labels * 1),
        lambda: labels.one_hot(3),
        lambda: (labels - 2).one_hot(3),
    ):
        with pytest.raises(ValueError, match=r"class (-1|3) is not one of 0 to 2"):
            make()
    assert (labels * 1).one_hot(4).tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]


def test_classes_that_cost_much_are_checked_when_they_are_computed(device):
    scores = Tensor(ROWS) @ Tensor(ROWS.T)
    labels, x = scores.argmax(1), Tensor(ROWS @ ROWS.T)
    want = (ROWS @ ROWS.T).argmax(1)
    assert labels.node.buffer is None
    np.testing.assert_allclose(
        x.cross_entropy(labels).item(), x.cross_entropy(Tensor(want)).item(), rtol=1e-6
    )
    some = x[:, :300]
    known = some.cross_entropy(Tensor(np.where(want < 300, want, -7)), ignore_index=-7)
    late = some.cross_entropy((labels < 300).where(labels, -7), ignore_index=-7)
    np.testing.assert_allclose(late.item(), known.item(), rtol=1e-6)
    for make in (
        lambda: some.cross_entropy(labels),
        lambda: some.nll_loss(labels),
        lambda: labels.one_hot(300),
        lambda: (labels - 600).one_hot(600),
    ):
        with pytest.raises(IndexError, match=r"no place \d+ on axis 0, which has size [36]00"):
            make().numpy()


MASKS = [
    (lambda x: x[[True]], "size 1 is laid on axis 0, which has size 3"),
    (lambda x: x[np.ones(4, bool)], "size 4 is laid on axis 0, which has size 3"),
    (lambda x: x[:, np.ones(3, bool)], "size 3 is laid on axis 1, which has size 4"),
    (lambda x: x[..., [True, False]], "size 2 is laid on axis 1, which has size 4"),
    (lambda x: x[np.ones((3, 1), bool)], "size 1 is laid on axis 1, which has size 4"),
    (lambda x: x[x[:, :2] > 0], "size 2 is laid on axis 1, which has size 4"),
    (lambda x: x[None, [True]], "size 1 is laid on axis 0, which has size 3"),
]


@pytest.mark.parametrize(("pick", "says"), MASKS, ids=[says for _, says in MASKS])
def test_a_mask_of_another_size_is_refused_as_by_numpy(pick, says):
    x = Tensor(ROWS[:3, :4])
    with pytest.raises(IndexError, match=says):
        pick(x)
    with pytest.raises(IndexError):
        pick(ROWS[:3, :4])
