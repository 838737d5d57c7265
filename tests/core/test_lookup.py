"""The look-up pair: places that are not there are errors wherever they come from; sums repeat."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.test_primitives import leaf_on
from tinylearn import Tensor
from tinylearn.devices.device import Device
from tinylearn.errors import DTypeError, ShapeError
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node
from tinylearn.plan.check import check_fused
from tinylearn.plan.plan import plan_for, realize
from tinylearn.plan.request import Request
from tinylearn.schedule.schedule import schedule

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def numbers_of(node: Node) -> np.ndarray:
    realize([node])
    return Device.known[node.device].download(node.buffer)


@pytest.mark.parametrize("wrong", [4, -5, 1 << 40])
def test_a_place_that_is_not_there_is_an_error_on_every_device(wrong, devices):
    for device in devices:
        x, index = leaf_on(device, ROWS), leaf_on(device, np.array([0, wrong]))
        for index_node in (index, index + 0):
            with pytest.raises(IndexError) as caught:
                numbers_of(GATHER(x, index_node))
            says = f"gather at test_lookup.py, line .*no place {wrong} on axis 0, which has size 4"
            assert caught.match(says) and caught.match(r"Try index.clip\(0, 3\)")
        with pytest.raises(IndexError, match=f"scatter at .*no place {wrong}"):
            numbers_of(SCATTER(x, leaf_on(device, np.array([0, wrong, 1, 1])), arg=(4,)))


def test_the_error_names_the_line_of_this_graph_though_its_plan_was_kept(devices):
    for device in devices:
        x = leaf_on(device, ROWS)
        assert numbers_of(GATHER(x, leaf_on(device, np.array([0, 1])) * 2)).tolist()
        later = GATHER(x, leaf_on(device, np.array([0, 9])) * 2)
        line = later.origin.line_number
        with pytest.raises(IndexError, match=f"gather at test_lookup.py, line {line}: .* 18 "):
            realize([later])


def test_the_second_of_two_indices_is_checked_by_its_own_axis(devices):
    for device in devices:
        index = [leaf_on(device, np.array(n)) for n in ([0, 1], [2, 3])]
        with pytest.raises(IndexError, match="no place 3 on axis 1, which has size 3"):
            numbers_of(GATHER(leaf_on(device, ROWS), *index))


@pytest.mark.parametrize("row", [1, 7, 300])
def test_sums_are_added_in_the_order_of_the_indices(row, devices):
    random = np.random.default_rng(0)
    index = random.integers(0, 5, 400)
    y = (random.standard_normal((400, row)) * 10.0 ** random.integers(-6, 6, (400, 1))).astype("f")
    expected = np.zeros((5, row), np.float32)
    for k, more in zip(index, y, strict=True):
        expected[k] += more
    for device in devices:
        got = numbers_of(SCATTER(leaf_on(device, y), leaf_on(device, index), arg=(5,)))
        np.testing.assert_array_equal(got, expected)


def test_halves_are_counted_beyond_2048(devices):
    for device in devices:
        ones, index = leaf_on(device, np.ones(5000, np.float16)), np.zeros(5000, np.int64)
        got = numbers_of(SCATTER(ones, leaf_on(device, index), arg=(2,)))
        assert got.tolist() == [5000.0, 0.0] and got.dtype == np.float16


def test_moves_before_a_look_up_are_no_kernel(devices):
    for device in devices:
        x = leaf_on(device, ROWS)
        index = leaf_on(device, np.array([[1, 0]])).reshape((2,))
        turned = GATHER(x.permute((1, 0)).reshape((3, 2, 2)), index)
        assert len(schedule([turned]).kernels) == 1
        check_fused(turned)


def test_a_table_and_its_places_are_read_by_the_loop_that_uses_them(devices):
    if "c" not in devices:
        pytest.skip("no C compiler here")
    words, spots = (Tensor(np.random.default_rng(k).random((9, 6)), device="c") for k in (0, 1))
    sentence = Tensor([[3, 1, 1], [0, -1, 8]], device="c")
    embedded = words[sentence] + spots[Tensor([0, 1, 2], device="c")]
    assert len(schedule([embedded.node]).kernels) == 1
    text = plan_for(Request([embedded.node])).programs[0].source.text
    assert text.startswith("# first NumPy checks that gather[2, 3, 6] finds each of its places")
    check_fused(embedded, (embedded * embedded).sum(2), words.T[:, sentence].exp())
    with pytest.raises(IndexError, match="no place 9 on axis 0, which has size 9"):
        (words[sentence + 1] * 2).numpy()


def test_looked_up_factors_of_a_product_are_stored(devices):
    for device in devices:
        table = Tensor(np.random.default_rng(0).random((9, 6)), device=device)
        product = table[Tensor([3, 1, 1, 0], device=device)] @ table.T
        kernels = schedule(spelled_out([product.node])).kernels
        assert [k.outputs[0].op.name for k in kernels] == ["gather", "reshape"]
        check_fused(product)


def test_what_cannot_be_looked_up_is_refused_when_it_is_built():
    x, index = leaf_on("numpy", ROWS), leaf_on("numpy", np.array([0, 1]))
    with pytest.raises(DTypeError, match="gather needs ints as places, got float32"):
        GATHER(x, x)
    with pytest.raises(ShapeError, match="gather needs an index for each"):
        GATHER(x)
    with pytest.raises(ShapeError, match="gather needs indices that broadcast"):
        GATHER(x, index, leaf_on("numpy", np.array([0, 1, 2])))
    with pytest.raises(ShapeError, match=r"scatter needs a size for each index, got \(5, 5\)"):
        SCATTER(x, index, arg=(5, 5))
    with pytest.raises(ShapeError, match="scatter needs a size"):
        SCATTER(x, index, arg=(5,))


def test_a_gradient_that_is_scattered_is_not_copied_afterwards():
    table, index = Tensor(ROWS), Tensor([1, 1, 2])
    loss = (table[index] * 2).sum()
    loss.backward()
    plan = plan_for(Request([loss.node, table.grad.node]))
    ops = [kernel.outputs[0].op.name for kernel in plan.kernels]
    assert sorted(ops) == ["gather", "reshape", "scatter"]
    assert table.grad.tolist() == [[0.0] * 3, [4.0] * 3, [2.0] * 3, [0.0] * 3]
