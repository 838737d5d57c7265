"""Laws, tried on random shapes: indexing as NumPy's, windows as loops, moves undone by moves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.tensor.rows_windows import np_conv
from tinylearn.tensor import Tensor

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@given(st.data(), SHAPES)
def test_basic_indexing_is_numpys(data, shape):
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    array = np.arange(np.prod(shape), dtype="f").reshape(shape)
    np.testing.assert_array_equal(Tensor(array)[key].numpy(), array[key])


@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_integer_indexing_is_numpys_at_once_and_later(data, shape):
    entries = []
    counted = data.draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=3))
    for size in shape[: data.draw(st.integers(1, len(shape)))]:
        array = hnp.arrays(np.int64, counted, elements=st.integers(-size, size - 1))
        entries.append(data.draw(st.one_of(array, st.slices(size), st.integers(-size, size - 1))))
    key = tuple(entries)
    array = np.arange(np.prod(shape), dtype="f").reshape(shape)
    late = tuple(Tensor(k) * 1 if isinstance(k, np.ndarray) else k for k in key)
    want = array[key]
    for x in (Tensor(array, requires_grad=False), Tensor(array), Tensor(array) * 1):
        np.testing.assert_array_equal(x[key].numpy(), want)
        np.testing.assert_array_equal(x[late].numpy(), want)


def test_the_gradient_of_a_table_is_zero_where_nothing_was_picked():
    table, index = np.random.default_rng(0).normal(size=(2000, 8)), np.arange(0, 2000, 20)
    x = Tensor(table)
    rows = x[index]
    (rows * rows).sum().backward()
    want = np.zeros_like(table)
    want[index] = 2 * table[index]
    np.testing.assert_allclose(x.grad.numpy(), want)


def test_a_long_product_and_its_slope_are_right_with_and_without_zeros(device):
    for zeros in ([], [70], [3, 70]):
        x = np.random.default_rng(0).uniform(0.9, 1.1, 100)
        x[zeros] = 0
        tensor = Tensor(x, device=device)
        product = tensor.prod()
        product.backward()
        others = [np.prod(np.delete(x, k)) for k in range(100)]
        np.testing.assert_allclose(product.item(), x.prod(), rtol=1e-12)
        np.testing.assert_allclose(tensor.grad.numpy(), others, rtol=1e-12)


@given(hnp.arrays(np.bool_, st.just((3, 2))), st.booleans())
def test_masks_pick_as_in_numpy(mask, late):
    array = np.arange(12.0).reshape(3, 2, 2)
    key = (Tensor(mask) & True) if late else mask
    np.testing.assert_array_equal(Tensor(array)[key].numpy(), array[mask])


@given(st.data())
def test_convolution_is_the_loop(data):
    size = st.integers(1, 7)
    small, pair = st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3))
    groups = data.draw(st.integers(1, 2))
    kernel, stride, dilation = data.draw(pair), data.draw(pair), data.draw(pair)
    padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    spans = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, padding, strict=True)]
    h, w = (max(span, 1) + data.draw(size) - 1 for span in spans)
    channels, filters = groups * data.draw(small), groups * data.draw(small)
    random = np.random.default_rng(0)
    x = random.normal(size=(data.draw(small), channels, h, w))
    weight = random.normal(size=(filters, channels // groups, *kernel))
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    got = Tensor(x).conv2d(Tensor(weight), **how).numpy()
    np.testing.assert_allclose(got, np_conv(x, weight, **how), rtol=1e-9, atol=1e-12)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
def test_broadcasting_is_numpys(shapes):
    x, y = (np.arange(np.prod(s), dtype="f").reshape(s) + 1 for s in shapes.input_shapes)
    np.testing.assert_array_equal((Tensor(x) * Tensor(y)).numpy(), x * y)


@given(hnp.mutually_broadcastable_shapes(signature="(n,k),(k,m)->(n,m)", max_dims=2, max_side=3))
def test_matrix_products_broadcast_as_numpys(shapes):
    random = np.random.default_rng(0)
    x, y = (random.normal(size=s) for s in shapes.input_shapes)
    np.testing.assert_allclose((Tensor(x) @ Tensor(y)).numpy(), x @ y, rtol=1e-9, atol=1e-12)


@given(st.data(), SHAPES)
def test_moves_are_undone_by_moves(data, shape):
    array = np.arange(np.prod(shape), dtype="f").reshape(shape)
    x = Tensor(array)
    order = data.draw(st.permutations(range(len(shape))))
    back = tuple(np.argsort(order)) if order else ()
    assert x.permute(*order).permute(*back).tolist() == array.tolist()
    widths = [data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in shape]
    bounds = [(a, a + n) for (a, _), n in zip(widths, shape, strict=True)]
    assert x.pad(widths).shrink(bounds).tolist() == array.tolist()
    assert x.flatten().reshape(shape).tolist() == array.tolist()
    assert x.flip().flip().tolist() == array.tolist()


@given(hnp.arrays(np.int64, st.just(6), elements=st.integers(-(2**63), 2**63 - 1)),
       hnp.arrays(np.int64, st.just(6), elements=st.integers(-(2**63), 2**63 - 1)))  # fmt: skip
def test_whole_division_is_exact(x, y):
    y[y == 0] = 1
    y[y == -1] = 2  # -2**63 // -1 does not fit
    assert (Tensor(x) // Tensor(y)).tolist() == [a // b for a, b in zip(x.tolist(), y.tolist())]
    assert (Tensor(x) % Tensor(y)).tolist() == [a % b for a, b in zip(x.tolist(), y.tolist())]


@given(hnp.arrays(np.float32, st.just(8), elements=st.floats(width=32)))
def test_rounding_is_numpys(x):
    for name, want in (("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc),
                       ("round", np.round)):  # fmt: skip
        np.testing.assert_array_equal(getattr(Tensor(x), name)().numpy(), want(x))
