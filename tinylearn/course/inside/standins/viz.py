"""Pictures in a sandbox: everybody may ask for one, and nobody sees it."""

import contextlib
from typing import Any


class Unseen(contextlib.nullcontext):  # type: ignore[type-arg]
    """A picture, a table, a block that watches: whatever is asked of it, it is quiet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def __repr__(self) -> str:
        return ""


def progress(items: Any = (), *_: Any, **__: Any) -> Any:
    """The items, without a bar."""
    return items


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return Unseen()
