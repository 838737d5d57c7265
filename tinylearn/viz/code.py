"""The generated text of a kernel in each language, and which nodes each line computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinylearn.devices.c_device import RENDER as RENDER_C
from tinylearn.devices.numpy_device import RENDER as RENDER_NUMPY
from tinylearn.graph.node import Node
from tinylearn.loops.lower import lower
from tinylearn.loops.transforms import transformed
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

Data = dict[str, Any]
Renderer = Callable[[Kernel, str], Source]
MOST_KERNELS = 200  # beyond this the texts would weigh more than the picture


def numpy_source(kernel: Kernel, name: str) -> Source:
    """What the numpy device runs."""
    return RENDER_NUMPY(kernel, transformed(lower(kernel)), name)


def c_source(kernel: Kernel, name: str) -> Source:
    """What the c device compiles."""
    return RENDER_C(kernel, transformed(lower(kernel)), name)


LANGUAGES: dict[str, Renderer] = {"numpy": numpy_source, "c": c_source}


def code_of(kernel: Kernel, name: str, ids: Mapping[Node, str], languages: Sequence[str]) -> Data:
    """{language: {"text", "lines"}}; a text that cannot be written says why instead."""
    found: Data = {}
    for language in languages:
        try:
            source = LANGUAGES[language](kernel, name)
            lines = [[ids[n]] if n is not None and n in ids else [] for n in source.nodes]
            found[language] = {"text": source.text, "lines": lines}
        except Exception as error:  # a student's transform may fail; the picture stays
            text = f"no {language} text: {type(error).__name__}: {error}"
            found[language] = {"text": text, "lines": [[] for _ in text.splitlines()]}
    return found
