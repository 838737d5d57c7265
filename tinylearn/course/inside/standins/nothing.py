"""Stands for a package that a question is written without: it can be imported, and has nothing.

A notebook begins with `import numpy as np` in every chapter; using it is what the world rules out.
The file stands in a world as numpy/__init__.py or tinylearn/__init__.py.
"""

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class Absent:
    """A name of the package: it can be imported and handed on, and says so when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __call__(self, *_: Any, **__: Any) -> Any:
        package = self._name.partition(".")[0]
        says = f"the question asks you to write it without {package}"
        raise NameError(f"{self._name} is not here: {says}")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Absent(f"{__name__}.{name}")


class Below(Loader):
    """Finds every module below the package: as empty as the package itself."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.startswith(f"{__name__}.") else None

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual kind of module will do."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__getattr__"] = __getattr__


sys.meta_path.append(Below())
if __name__ == "tinylearn":  # a notebook registers and checks its answers with these
    from tinylearn.course import answer, card, check, exercise, hint, load_mine  # noqa: F401
