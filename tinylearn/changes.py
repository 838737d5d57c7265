"""Changes that neither an interrupt nor another thread can cut in two.

Python looks for Ctrl-C, and lets other threads run, between steps of Python code. A call into C
that runs no Python code is one step.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any

Change = tuple[Any, str, Any]  # of what, which attribute, the new value


def change(changes: Sequence[Change]) -> None:
    """Set all these attributes, or none. They must be plain: slots, or kept in a __dict__."""
    before = [getattr(thing, name, None) for thing, name, _ in changes]
    deque(starmap(setattr, changes), 0)
    del before  # freed only now: giving memory back to its pool is Python code


def alone_on(lock: Any, function: Callable, *inputs: Any) -> Any:
    """function(*inputs) while no other thread holds the lock, an RLock, which is free afterwards.

    A `with` alone does not promise that: an interrupt may arrive on its way out.
    """
    if lock._is_owned():  # further out, by this thread
        return function(*inputs)
    try:
        with lock:
            return function(*inputs)
    finally:
        while lock._is_owned():
            lock.release()


def free_in_child(lock: Any) -> None:
    """Let a forked process begin with a free RLock: the thread that held it is not there."""

    def free() -> None:
        if not lock._is_owned():  # the thread that forked goes on in the child, also inside
            lock._at_fork_reinit()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=free)


def run_once(module: dict[str, Any]) -> None:
    """Refuse to run a module's code again: others hold what it made, and would not know the new.

    Raises   ImportError, which says to restart; nothing has changed by then
    """
    if module.setdefault("__ran__", False):
        says = f"{module['__name__']} cannot be loaded anew: all of tinylearn holds what it made"
        raise ImportError(f"{says}\nTry restarting the kernel")
    module["__ran__"] = True
