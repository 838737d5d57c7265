"""Passes over rows on blocks and threads: each row is read once, and no thread meets another."""

from __future__ import annotations

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_rows import (
    ALWAYS,
    ROWS,
    close,
    nest_of_rows,
    random_rows,
    rows_by_chance,
    scheduled,
)
from tests.gpu.test_grid import refused  # noqa: F401, a fixture
from tests.needed import absent
from tinylearn.contracts.measure import numbers
from tinylearn.devices.cuda import nvrtc
from tinylearn.devices.simulator.device import simulated
from tinylearn.errors import DeviceError
from tinylearn.loops.check import in_form
from tinylearn.loops.grid import on_threads
from tinylearn.loops.machine import LARGEST_BLOCK, PLACES_OF_A_THREAD
from tinylearn.loops.phases import launch
from tinylearn.loops.run import run
from tinylearn.loops.text import shown
from tinylearn.parts import using
from tinylearn.render.cuda import PRELUDE, render_cuda
from tinylearn.schedule.kernel import Kernel, is_alone
from tinylearn.schedule.schedule import schedule

LENGTHS = (64, 97, 128, 300)


def kernel_of(name: str, length: int) -> Kernel:
    x, g = random_rows(3, length), random_rows(3, length, seed=1)
    (kernel,) = scheduled(ROWS[name](x, g)).kernels
    return kernel


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", ROWS)
def test_a_block_for_each_row_has_the_right_numbers(name, length, refused):  # noqa: F811
    kernel = kernel_of(name, length)
    tree = on_threads(nest_of_rows(kernel), "kernel").function
    assert refused == []
    in_form(tree)
    assert launch(tree).blocks == (3, 1, 1) and launch(tree).threads[0] > 1
    memory = dict(zip(kernel.loaded, numbers(kernel.loaded), strict=True))
    found = run(tree, {m.name: memory[m.node] for m in tree.arguments if m.node in memory})
    close(list(found.values()), numbers(kernel.outputs), name)


@pytest.mark.parametrize("seed", range(200, 225))
def test_rows_by_chance_have_the_right_numbers(seed):
    with using(ALWAYS):
        kernels = schedule(rows_by_chance(seed)).kernels
    for kernel in kernels:
        if is_alone(kernel.outputs[0]) or not kernel.passes:
            continue
        tree = on_threads(nest_of_rows(kernel), "kernel").function
        in_form(tree)
        memory = dict(zip(kernel.loaded, numbers(kernel.loaded), strict=True))
        found = run(tree, {m.name: memory[m.node] for m in tree.arguments if m.node in memory})
        close(list(found.values()), numbers(kernel.outputs), seed)


def sectors(name: str, length: int) -> tuple[int, int]:
    """(sectors of 32 bytes that a kernel's reads and writes take, those of its arguments)."""
    x, g = random_rows(3, length), random_rows(3, length, seed=1)
    with simulated() as reports:
        ROWS[name](x, g).numpy()
    assert len(reports) == 1
    return reports[0].total.sectors, 2 * 3 * length * 4 // 32


@pytest.mark.parametrize("length", [256, 2048])
def test_softmax_reads_and_writes_each_number_once(length):
    moved, least = sectors("softmax", length)
    assert moved == least


def test_a_row_that_fits_no_registers_is_read_again():
    length = PLACES_OF_A_THREAD * LARGEST_BLOCK + 64
    name = "a sum beside what is summed up"
    assert "row0" not in shown(on_threads(nest_of_rows(kernel_of(name, length)), "k").function)
    moved, least = sectors(name, length)
    assert moved == least * 3 // 2
    x = random_rows(3, length)
    expected = x.numpy() / (abs(x.numpy()).sum(1, keepdims=True) + 1)
    np.testing.assert_allclose(ROWS[name](x, x).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("capability", [(7, 5), (9, 0)])
def test_nvrtc_compiles_the_passes(capability):
    try:
        nvrtc.library()
    except DeviceError as error:
        absent(f"NVRTC ({error})")
    trees = [
        on_threads(nest_of_rows(kernel_of(name, n)), f"kernel_{k}_{n}").function
        for k, name in enumerate(ROWS)
        for n in (100, 4096)
    ]
    text = "\n".join([PRELUDE, *(render_cuda(tree).text for tree in trees)])
    assert nvrtc.machine_code(text, capability)[:4] == b"\x7fELF"


@pytest.mark.parametrize("length", [2, 10, 63])
def test_short_rows_have_a_thread_each(length):
    x = np.random.default_rng(length).normal(size=(150, length)).astype(np.float32)
    labels = np.arange(150) % length

    def slope(device: str) -> np.ndarray:
        t = tl.Tensor(x, device=device)
        t.cross_entropy(tl.Tensor(labels, device=device)).backward()
        return t.grad.numpy()

    with simulated() as reports:
        found = slope("simulator")
    np.testing.assert_allclose(found, slope("numpy"), rtol=2e-6, atol=1e-8)
    assert reports[0].launch.blocks == (2, 1, 1) and len(reports) <= 2
