"""Whether operations are recorded for gradients: `no_grad()` switches that off."""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from tinylearn.changes import run_once

run_once(globals())

BLOCKS: ContextVar[int] = ContextVar("no_grad", default=0)  # open here: in this thread or task
ON_A_CLASS = "no_grad on a class holds for its __init__ alone\nTry @no_grad() on each method"


class no_grad:
    """Operations inside are not recorded: their results are constants for `backward`.

    with no_grad(): ...      for a block
    @no_grad()  @no_grad     for a function, also for a generator or an async one: while it runs,
                             and not while it waits

    It holds in the thread, and in the asyncio task, that enters it, and in tasks started inside.
    One no_grad() may be entered many times, also while it is entered already.
    """

    def __new__(cls, function: Any = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __enter__(self) -> no_grad:
        before = BLOCKS.get()
        try:
            BLOCKS.set(before + 1)
        except BaseException:  # Ctrl-C, right after: the block is not entered
            BLOCKS.set(before)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        BLOCKS.set(max(BLOCKS.get() - 1, 0))

    def __call__(self, function: Any) -> Any:
        """The function, which from now on runs inside."""
        if isinstance(function, staticmethod | classmethod):
            return type(function)(self(function.__func__))
        if isinstance(function, type):
            return made_inside(function)
        if not callable(function):
            got = type(function).__name__
            raise TypeError(f"no_grad is for functions, not a {got}\nTry with no_grad(): ...")
        kinds = (function, getattr(function, "__call__", None))  # noqa: B004  (an object's method)
        for is_kind, wrapper in KINDS.items():
            if any(map(is_kind, kinds)):
                return wrapper(function)
        return plain(function)


def made_inside(kind: type) -> type:
    """The class; its objects are initialized inside no_grad()."""
    warnings.warn(ON_A_CLASS, FutureWarning, stacklevel=3)
    initialize: Any = kind.__init__  # type: ignore[misc]
    if initialize is not object.__init__:
        setattr(kind, "__init__", plain(initialize))  # noqa: B010  (mypy)
    return kind


def plain(function: Callable) -> Callable:
    """A function that runs inside no_grad()."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        with no_grad():
            return function(*args, **options)

    return run


# ---------------------------------------------------------------- what runs a piece at a time


def resumed(inner: Any) -> Any:
    """A generator that goes on inside no_grad(), and is outside while it waits.

    inner   a generator, a coroutine, or anything else that has send, throw and close
    """
    try:
        with no_grad():
            item = inner.send(None)
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                with no_grad():
                    inner.close()
                raise
            except BaseException as error:
                with no_grad():
                    item = inner.throw(error)
            else:
                with no_grad():
                    item = inner.send(sent)
    except StopIteration as end:
        return end.value


awaited: Callable = types.coroutine(resumed)


def generator(function: Callable) -> Callable:
    """A generator function whose generators run inside no_grad()."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        return (yield from resumed(function(*args, **options)))

    return run


def coroutine(function: Callable) -> Callable:
    """An async function that runs inside no_grad()."""

    @functools.wraps(function)
    async def run(*args: Any, **options: Any) -> Any:
        return await awaited(function(*args, **options))

    return run


def async_generator(function: Callable) -> Callable:
    """An async generator function whose generators run inside no_grad()."""

    @functools.wraps(function)
    async def run(*args: Any, **options: Any) -> Any:
        inner = function(*args, **options)
        try:
            item = await awaited(inner.asend(None))
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    await awaited(inner.aclose())
                    raise
                except BaseException as error:
                    item = await awaited(inner.athrow(error))
                else:
                    item = await awaited(inner.asend(sent))
        except StopAsyncIteration:
            return

    return run


KINDS = {
    inspect.isgeneratorfunction: generator,
    inspect.iscoroutinefunction: coroutine,
    inspect.isasyncgenfunction: async_generator,
}
