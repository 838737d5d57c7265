"""The generated text of a kernel in each language, and which nodes each line computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinylearn.devices import library
from tinylearn.devices.c_device import Written
from tinylearn.devices.numpy_device import RENDER as RENDER_NUMPY
from tinylearn.graph.node import Node
from tinylearn.loops.grid import on_threads
from tinylearn.loops.lower import lower
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.tree import Function
from tinylearn.render.cuda import render_cuda
from tinylearn.render.opencl import render_opencl
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel, is_alone

Data = dict[str, Any]
Renderer = Callable[[Kernel, str], Source]
MOST_KERNELS = 200  # beyond this the texts would weigh more than the picture


def numpy_source(kernel: Kernel, name: str) -> Source:
    """What the numpy device runs."""
    return RENDER_NUMPY(kernel, rewritten(lower(kernel)), name)


def c_source(kernel: Kernel, name: str) -> Source:
    """What the c device runs: a C function, a call of BLAS, or first the one and then the other."""
    return Written.of(kernel, name).source


def on_a_gpu(render: Callable[[Function], Source]) -> Renderer:
    """What a GPU would run, in one of its languages."""
    return lambda kernel, name: render(on_threads(rewritten(lower(kernel)), name).function)


LANGUAGES: dict[str, Renderer] = {"numpy": numpy_source, "c": c_source}
ON_REQUEST = {"cuda": on_a_gpu(render_cuda), "opencl": on_a_gpu(render_opencl)}


def code_of(kernel: Kernel, name: str, ids: Mapping[Node, str], languages: Sequence[str]) -> Data:
    """{language: {"text", "lines"}}; a text that cannot be written says why instead."""
    found: Data = {}
    write = LANGUAGES | ON_REQUEST
    for language in languages:
        try:
            root = kernel.outputs[0]
            source = library.source(root) if is_alone(root) else write[language](kernel, name)
            found[language] = {"text": source.text, "lines": linked(kernel, source, ids)}
        except Exception as error:  # a student's transform may fail; the picture stays
            text = f"no {language} text: {type(error).__name__}: {error}"
            found[language] = {"text": text, "lines": [[] for _ in text.splitlines()]}
    return found


def linked(kernel: Kernel, source: Source, ids: Mapping[Node, str]) -> list[list[str]]:
    """The nodes of each line, the one it computes first.

    A member without a line of its own (a move, or one half of a subtraction) belongs to the lines
    of its readers.
    """
    lines: list[list[str]] = [[ids[n]] if n is not None and n in ids else [] for n in source.nodes]
    places: dict[Node, list[int]] = {}
    for k, node in enumerate(source.nodes):
        if node is not None:
            places.setdefault(node, []).append(k)
    for node in reversed(kernel.members):
        if node not in places and node in ids:
            readers = [r for r in kernel.members if node in r.inputs]
            places[node] = sorted({k for r in readers for k in places.get(r, [])})
            for k in places[node]:
                lines[k].append(ids[node])
    return lines
