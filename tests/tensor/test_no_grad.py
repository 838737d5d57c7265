"""no_grad(): for a block, a function, a generator, in one thread and in one task."""

import asyncio
import contextlib
import copy
import functools
import inspect
import pickle
import threading

import pytest

import tinylearn as tl
from tinylearn import Tensor, no_grad


def recorded() -> bool:
    """Whether what is computed here and now can be differentiated."""
    return (Tensor([1.0]) * 2).requires_grad


@pytest.fixture(autouse=True)
def recording_before_and_after():
    assert recorded()
    yield
    assert recorded()


# ---------------------------------------------------------------- blocks


def test_blocks_nest_and_one_no_grad_can_be_entered_many_times():
    quiet = no_grad()
    with quiet:
        with quiet, no_grad(), quiet:
            assert not recorded()
        assert not recorded()
    assert recorded()
    with pytest.raises(ZeroDivisionError), quiet:
        1 / 0  # noqa: B018
    assert recorded()
    with contextlib.ExitStack() as stack:
        assert stack.enter_context(quiet) is quiet
        assert not recorded()


def test_leaving_more_often_than_entering_changes_nothing():
    no_grad().__exit__(None, None, None)
    assert recorded()
    with no_grad():
        assert not recorded()


def test_leaves_made_inside_take_gradients_as_in_pytorch():
    with no_grad():
        w = Tensor([1.0])
        w *= 3
    assert w.is_leaf and w.requires_grad and w.tolist() == [3.0]


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_works_as_the_original_does(copied):
    with copied(no_grad()):
        assert not recorded()


# ---------------------------------------------------------------- functions


def function(*_):
    """Says."""
    return recorded()


DECORATED = {
    "with parentheses": no_grad()(function),
    "without": no_grad(function),
    "twice": no_grad()(no_grad(function)),
    "a partial": no_grad()(functools.partial(function, 1)),
    "a lambda": no_grad()(lambda: recorded()),
}


@pytest.mark.parametrize("call", DECORATED.values(), ids=DECORATED)
def test_a_function_runs_inside(call):
    assert not call()
    assert recorded()


def test_a_decorated_function_keeps_its_name_and_calls_itself():
    @no_grad()
    def countdown(n):
        """Down."""
        return [recorded(), *(countdown(n - 1) if n else [])]

    assert countdown(3) == [False] * 4
    assert (countdown.__name__, countdown.__doc__) == ("countdown", "Down.")


class Model:
    def __init__(self):
        self.made = recorded()

    @no_grad()
    def method(self):
        return recorded()

    @no_grad
    def bare(self):
        return recorded()

    @staticmethod
    @no_grad()
    def static():
        return recorded()

    @no_grad()
    @staticmethod
    def static_below():
        return recorded()

    @classmethod
    @no_grad()
    def of_class(cls):
        return recorded()

    @no_grad()
    @classmethod
    def of_class_below(cls):
        return recorded()

    @property
    @no_grad()
    def value(self):
        return recorded()

    def __call__(self):
        return recorded()


def test_methods_of_all_kinds_run_inside():
    m = Model()
    assert m.made and m()
    answers = [m.method(), m.bare(), m.static(), m.static_below(), m.of_class()]
    assert [*answers, m.of_class_below(), m.value, no_grad()(m)(), no_grad()(m.__call__)()] == [
        False
    ] * 9


def test_a_class_is_initialized_inside_and_warns_that_its_methods_are_not():
    with pytest.warns(FutureWarning, match=r"Try @no_grad\(\) on each method"):
        Quiet = no_grad()(type("Quiet", (Model,), {}))
    assert isinstance(Quiet, type) and not Quiet().made and Quiet()()
    assert Model().made


@pytest.mark.parametrize("thing", [3, "f", property(lambda self: 1)])
def test_what_cannot_be_called_is_refused(thing):
    with pytest.raises(TypeError, match=r"no_grad is for functions.*\nTry with no_grad\(\)"):
        no_grad()(thing)


# ---------------------------------------------------------------- generators


@no_grad()
def answers():
    """Says at each resumption what it is told, and whether it is recorded."""
    told = yield "start", recorded()
    try:
        while True:
            told = yield told, recorded()
    except KeyError as error:
        yield "caught", str(error), recorded()
    finally:
        CLOSED.append(recorded())
    return recorded()


CLOSED: list[bool] = []


def test_a_generator_is_inside_while_it_runs_and_outside_while_it_waits():
    assert inspect.isgeneratorfunction(answers)
    running = answers()
    assert next(running) == ("start", False) and recorded()
    assert running.send("a") == ("a", False) and recorded()
    assert running.throw(KeyError("k")) == ("caught", "'k'", False) and recorded()
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value is False and CLOSED.pop() is False


def test_a_generator_that_is_closed_or_dropped_ends_inside():
    for drop in (lambda g: g.close(), lambda g: None):
        running = answers()
        next(running)
        next(running)
        drop(running)
        del running
        assert CLOSED == [False]
        CLOSED.clear()


def test_two_generators_and_a_block_mix():
    one, two = answers(), answers()
    next(one)
    with no_grad():
        next(two)
        assert not recorded()
    assert recorded() and next(one) == (None, False) and next(two) == (None, False)
    assert [x for x in no_grad()(lambda: (recorded() for _ in "ab"))()] == [True, True]


def test_a_generator_leaves_its_error_and_its_values_alone():
    @no_grad()
    def failing():
        yield from [1, 2]
        raise ValueError("mine")

    seen = []
    with pytest.raises(ValueError, match="mine"):
        seen.extend(failing())
    assert recorded()
    assert list(no_grad(lambda: (yield 5))()) == [5]


# ---------------------------------------------------------------- async


async def others():
    """Let all other tasks run."""
    for _ in range(3):
        await asyncio.sleep(0)


@no_grad()
async def waiting():
    first = recorded()
    await others()
    return first, recorded()


@no_grad()
async def arriving():
    for k in range(3):
        await others()
        told = yield k, recorded()
        if told:
            yield told, recorded()


def test_async_functions_run_inside_and_no_other_task_does():
    async def training(seen):
        for _ in range(12):
            seen.append(recorded())
            await asyncio.sleep(0)

    async def main():
        seen = []
        return await asyncio.gather(waiting(), training(seen), waiting()), seen

    assert inspect.iscoroutinefunction(waiting)
    (first, _, last), seen = asyncio.run(main())
    assert first == last == (False, False) and seen == [True] * 12


def test_async_generators_run_inside_and_their_readers_do_not():
    async def main():
        seen = []
        async for k, inside in arriving():
            seen.append((k, inside, recorded()))
        sent = arriving()
        assert await sent.asend(None) == (0, False)
        assert await sent.asend("told") == ("told", False)
        await sent.aclose()
        return seen

    assert inspect.isasyncgenfunction(arriving)
    assert asyncio.run(main()) == [(k, False, True) for k in range(3)]


def test_a_cancelled_task_leaves_nothing_behind():
    async def main():
        for quiet in (waiting(), inside_a_block()):
            task = asyncio.ensure_future(quiet)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert recorded()

    async def inside_a_block():
        with no_grad():
            await others()

    asyncio.run(main())


def test_a_task_begins_as_the_one_that_starts_it_and_stays_so():
    async def later(go):
        await go.wait()
        return recorded()

    async def main():
        go = asyncio.Event()
        with no_grad():
            inside = asyncio.ensure_future(later(go))
            await asyncio.sleep(0)
        outside = asyncio.ensure_future(later(go))
        await asyncio.sleep(0)
        with no_grad():
            go.set()
            return await inside, await outside

    assert asyncio.run(main()) == (False, True)


def test_coroutines_driven_by_hand_in_turns_do_not_meet():
    class Pause:
        def __await__(self):
            yield

    @no_grad()
    async def steps():
        await Pause()
        return recorded()

    one, two = steps(), steps()
    one.send(None)
    assert recorded()
    two.send(None)
    for running in (one, two):
        with pytest.raises(StopIteration) as end:
            running.send(None)
        assert end.value.value is False and recorded()


# ---------------------------------------------------------------- threads


def in_a_thread(call):
    """What a call gives in a thread of its own."""
    answer = []
    thread = threading.Thread(target=lambda: answer.append(call()))
    thread.start()
    thread.join()
    return answer[0]


def test_a_block_is_of_one_thread():
    with no_grad():
        assert in_a_thread(recorded)
        assert not in_a_thread(DECORATED["without"])
        assert not recorded()


@pytest.mark.parametrize("order", ["first in first out", "first in last out"])
def test_threads_leave_one_no_grad_in_any_order(order):
    quiet, together = no_grad(), threading.Barrier(2, timeout=20)
    seen = {}

    def thread(name, waits):
        if waits:
            together.wait()  # the other is in
        with quiet:
            if not waits:
                together.wait()
            together.wait()  # both are in
            if (order == "first in first out") == waits:
                together.wait()  # the other is out
            seen[name] = recorded()
        if (order == "first in first out") != waits:
            together.wait()
        seen[name + " after"] = recorded()

    threads = [threading.Thread(target=thread, args=a) for a in (("a", False), ("b", True))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert seen == {"a": False, "a after": True, "b": False, "b after": True}


def test_training_is_one_setting_for_all_threads():
    tl.Tensor.training = False
    assert not in_a_thread(recorded) and not recorded()
    in_a_thread(lambda: setattr(tl.Tensor, "training", True))
    assert recorded()
