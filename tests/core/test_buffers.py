"""Memory that is given out again: by shape, and never more than the limit is kept."""

import numpy as np
import pytest

from tinylearn import ShapeError, Tensor
from tinylearn.devices.buffer import LINE, Pool, aligned

FLOAT = np.dtype("float32")


@pytest.fixture
def pool():
    pool = Pool(aligned)
    pool.limit, pool.EACH = 1000, 0
    return pool


def test_memory_of_a_shape_comes_back_for_that_shape_alone(pool):
    first = pool.take((5, 10), FLOAT)
    pool.give(first)
    assert pool.take((10, 5), FLOAT) is not first
    assert pool.take((5, 10), FLOAT) is first
    assert pool.take((5, 10), FLOAT) is not first
    assert pool.kept == 0


def test_a_full_pool_forgets_old_shapes_and_keeps_the_newest(pool):
    for size in range(1, 100):
        pool.give(pool.take((size,), FLOAT))
        lying = [m for kept in (pool.free, pool.older) for stack in kept.values() for m in stack]
        assert pool.kept == sum(m.nbytes for m in lying) <= 1000
    newest = pool.take((99,), FLOAT)
    pool.give(newest)
    assert pool.take((99,), FLOAT) is newest


def test_what_is_larger_than_the_limit_is_not_kept(pool):
    pool.give(pool.take((10,), FLOAT))
    pool.give(pool.take((1000,), FLOAT))
    assert pool.kept == 40 and pool.out == 0


def test_shapes_that_nobody_asks_for_again_make_room():
    pool = Pool(aligned)
    pool.LITTLE = 10_000
    for k in range(1, 2000):
        pieces = [pool.take((k, n), FLOAT) for n in (1, 2, 3)]
        for piece in pieces:
            pool.give(piece)
        assert pool.kept <= 2 * pool.most + pool.LITTLE and pool.out == 0
    assert pool.take((1999, 3), FLOAT) is pieces[2]
    assert len(pool.free) + len(pool.older) < 100


def test_arrays_begin_at_a_cache_line():
    assert all(aligned((size, 3), FLOAT).ctypes.data % LINE == 0 for size in range(1, 50))


def test_a_result_that_does_not_fit_into_memory_is_refused_before_it_is_computed():
    x = Tensor([1.0]).expand(1 << 45) * 2
    with pytest.raises(ShapeError, match=r"needs .* GB of memory"):
        x.realize()
