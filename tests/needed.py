"""What a test needs beyond NumPy: without it the test is skipped, in continuous integration failed.

matplotlib = need("matplotlib")
"""

import importlib
import importlib.util
import os
from types import ModuleType
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip, or fail where continuous integration should have installed it."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{what} is missing, and CI must not skip its tests", pytrace=False)
    pytest.skip(f"{what} is not installed", allow_module_level=True)


def need(module: str) -> ModuleType:
    """The module of the extras; without it, skip or fail. Works at the top of a file, too."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        absent(module)
    return importlib.import_module(module)
