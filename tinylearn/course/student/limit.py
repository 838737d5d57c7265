"""Ends a call that takes too long, beside a student: their `while True` gives the kernel back.

    within(10, lambda: answer(x))        what it gives, or OutOfTime with the place in its traceback

The call runs where it always runs, in the main thread; a second thread watches the clock and
interrupts it as Ctrl-C would, again every second while the code keeps on catching that.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable
from typing import Any


class OutOfTime(Exception):
    """A call took longer than a check waits."""


class Clock:
    """Interrupts the main thread after some seconds, unless it is stopped before."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.rang = seconds, False
        self.over, self.lock = threading.Event(), threading.Lock()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self) -> None:
        wait = self.seconds
        while not self.over.wait(wait):
            with self.lock:
                if self.over.is_set():
                    return
                self.rang, wait = True, 1.0
                _thread.interrupt_main()

    def stop(self) -> None:
        with self.lock:
            self.over.set()


def within(seconds: float, run: Callable[[], Any]) -> Any:
    """What `run` gives. Raises OutOfTime after so many seconds, from the place where it was.

    Outside of the main thread nothing can be interrupted, and nothing is.
    """
    if threading.current_thread() is not threading.main_thread():
        return run()
    clock = Clock(seconds)
    try:
        clock.thread.start()
        try:
            return run()
        finally:
            clock.stop()
            if clock.rang:  # the interrupt may still be on its way: it must arrive in here
                time.sleep(0.05)
    except KeyboardInterrupt as interrupt:
        if not clock.rang:  # it was the student's own
            raise
        raise OutOfTime(f"no answer after {seconds:g} s").with_traceback(
            interrupt.__traceback__
        ) from None
