"""Several threads, tasks and processes build, differentiate, compute and step at the same time."""

import asyncio
import multiprocessing
import os
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Device, Tensor, nn
from tinylearn.nn import optim
from tinylearn.parts import part, use, using
from tinylearn.plan.plan import LOCK

X = np.linspace(-2, 2, 24).astype(np.float32).reshape(6, 4)


@pytest.fixture(autouse=True)
def switch_often():
    """Threads take turns a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def training(seed: int, device: str, steps: int = 6) -> list:
    """Train a small model of its own; all numbers on the way."""
    numbers = np.random.default_rng(seed)
    width = 3 + seed % 3  # some have one plan in common, some have not
    first = Tensor(numbers.standard_normal((width, 4)).astype(np.float32), device=device)
    second = Tensor(numbers.standard_normal((1, width)).astype(np.float32), device=device)
    norm = nn.BatchNorm(width).to(device)
    optimizer = (optim.Adam if seed % 2 else optim.SGD)([first, second, norm], lr=0.05)
    seen = []
    for k in range(steps):
        x = Tensor(X * (k + 1), device=device, requires_grad=False)
        optimizer.zero_grad()
        loss = (norm(x.linear(first)).tanh().linear(second) - 1).square().mean()
        loss.backward()
        seen.append(first.grad.tolist() if k % 2 else loss.item())
        optimizer.step()
        with tl.no_grad():
            seen.append((first * second.reshape(width, 1)).sum().item())
    return [*seen, first.tolist(), second.tolist(), norm.running_var.tolist()]


def test_threads_find_the_numbers_that_one_thread_finds(device):
    alone = [training(seed, device) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda seed: training(seed, device), range(6))) == alone


def test_tasks_find_the_numbers_that_one_task_finds(device):
    async def one(seed):
        seen = []
        for steps in range(1, 4):
            with tl.no_grad():
                await asyncio.sleep(0)
                assert not (Tensor([1.0]) * 2).requires_grad
            seen.append(training(seed, device, steps))
            await asyncio.sleep(0)
        return seen

    async def all_of_them():
        return await asyncio.gather(*map(one, range(4)))

    assert asyncio.run(all_of_them()) == [
        [training(seed, device, steps) for steps in range(1, 4)] for seed in range(4)
    ]


def test_gradients_of_several_threads_add_up_in_shared_weights(device):
    w = Tensor(np.ones(4, np.float32), device=device)
    each, threads = 10, 4

    def add(k):
        for _ in range(each):
            (w * float(k + 1)).sum().backward()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(add, range(threads)))
    assert w.grad.tolist() == [each * sum(range(1, threads + 1))] * 4


def test_steps_of_several_threads_on_one_optimizer_all_count(device):
    w = Tensor(np.zeros(3, np.float32), device=device)
    optimizer = optim.SGD([w], lr=1.0)
    w.grad = Tensor(np.ones(3, np.float32), device=device, requires_grad=False)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: optimizer.step(), range(40)))
    assert w.tolist() == [-40.0] * 3 and optimizer.steps == [40]


def test_a_reader_sees_whole_numbers_while_another_thread_assigns(device):
    w, over = Tensor(np.zeros(64, np.float32), device=device), threading.Event()

    def assign():
        for k in range(200):
            w.assign(w * 0 + float(k))
        over.set()

    writer = threading.Thread(target=assign)
    writer.start()
    mixed = []
    while not over.is_set():
        numbers = w.numpy()
        mixed += [numbers] if len(set(numbers.tolist())) > 1 else []
    writer.join()
    assert not mixed and w.tolist() == [199.0] * 64 and w.is_leaf


def test_what_each_thread_builds_is_said_to_be_made_on_its_own_line(device):
    def lines(k):
        made = []
        for _ in range(30):
            w = Tensor([1.0, 2.0], device=device)
            optimizer = optim.SGD([w], lr=0.1)
            y = (w * w).sum() if k % 2 else (w * 3).exp().sum()
            y.backward()
            optimizer.step()
            made.append(y.node.origin.line_number == w.node.origin.line_number - 2)
        return made

    with ThreadPoolExecutor(4) as pool:
        assert all(map(all, pool.map(lines, range(4))))


def test_numbers_stay_right_while_another_thread_replaces_parts(device):
    over = threading.Event()

    def mine(g, node):
        x, y = node.inputs
        return y * g, x * g

    def replace():
        while not over.is_set():
            with using({"gradient.mul": mine}):
                pass
            use({"fuse.compute_where_used": None})

    other = threading.Thread(target=replace)
    other.start()
    try:
        for k in range(1, 40):
            w = Tensor(np.full(3, float(k)), device=device)
            (w * w * w).sum().backward()
            assert w.grad.tolist() == [3.0 * k * k] * 3
    finally:
        over.set()
        other.join()


@pytest.mark.parametrize("first_out", [0, 1])
def test_blocks_of_using_are_left_in_any_order(first_out):
    @part("test.shared")
    def shared():
        """Says whose it is."""
        return "tinylearn's"

    try:
        blocks = [using({"test.shared": lambda k=k: k}) for k in (0, 1)]
        for block in blocks:
            block.__enter__()
        assert shared() == 1
        blocks[first_out].__exit__(None, None, None)
        assert shared() == 1 - first_out
        blocks[1 - first_out].__exit__(None, None, None)
        assert shared() == "tinylearn's" and shared.is_default
    finally:
        del tl.Part.table["test.shared"]


# ---------------------------------------------------------------- processes


def in_a_fork(answer) -> bool:
    """Whether a forked process gives the answer True, within a while."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if child == 0:
        done = False
        try:
            worker = threading.Thread(target=lambda: answers.append(answer()), daemon=True)
            answers: list = []
            worker.start()
            worker.join(60)
            done = answers == [True]
        finally:
            os._exit(0 if done else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("warm", [True, False], ids=["known", "new"])
def test_a_fork_computes_while_another_thread_holds_the_lock(device, warm):
    seed = 2 if warm else 1
    alone = training(2, device)
    held, over = threading.Event(), threading.Event()

    def hold():
        with LOCK:
            held.set()
            over.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        assert in_a_fork(lambda: (training(seed, device) == alone) is warm)
    finally:
        over.set()
        holder.join()
    assert training(2, device) == alone


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_in_the_middle_of_a_block_leaves_it_as_its_parent_does(device):
    alone = training(2, device)
    with LOCK, tl.no_grad():
        child = os.fork()
        if child == 0:
            try:
                y = Tensor([1.0], device=device) * 2
                inside = [y.requires_grad, y.tolist()]
            except BaseException:
                os._exit(2)
    if child == 0:
        right = False
        try:
            right = inside == [False, [2.0]] and training(2, device) == alone
        finally:
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    "start", [s for s in multiprocessing.get_all_start_methods() if s != "forkserver"]
)
def test_processes_find_the_numbers_that_this_one_finds(device, start):
    alone = [training(seed, device) for seed in range(2)]
    with multiprocessing.get_context(start).Pool(1) as pool:
        assert pool.starmap(training, [(seed, device) for seed in range(2)]) == alone


def test_the_settings_of_the_program_are_those_of_all_threads():
    before = Device.DEFAULT
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: Device.DEFAULT).result() == before
