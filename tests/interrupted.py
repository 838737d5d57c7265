"""Ctrl-C at a chosen moment: KeyboardInterrupt before the k-th step of Python code."""

import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

PACKAGE = str(Path(__file__).parent.parent / "tinylearn")


def interrupted(action: Callable[[], Any], k: int, functions: Collection[str]) -> bool:
    """Run the action, interrupted before the k-th bytecode of these functions of tinylearn.

    Gives False if it was over before.
    """
    left, raised = k, False

    def before_each(frame: Any, event: str, _: Any) -> Any:
        nonlocal left, raised
        if event == "opcode" and not raised:
            left -= 1
            if left == 0:
                raised = True
                raise KeyboardInterrupt
        return before_each

    def enter(frame: Any, event: str, _: Any) -> Any:
        code = frame.f_code
        if code.co_name not in functions or not code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        return before_each

    old = sys.gettrace()
    sys.settrace(enter)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(old)
    assert not raised, "the interrupt was swallowed"
    return False


def moments(by: int = 1) -> Iterator[int]:
    """1, 1 + by, ...: the test breaks off when the action is over before."""
    yield from range(1, 5_000, by)
    raise AssertionError("the action never ends")
