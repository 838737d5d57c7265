"""The text of each kernel that runs at some moment of a film, and when it comes and goes.

    nodes + steps -> film -> which kernels begin and end with each step -> their texts

Before a fusion there are two kernels and two texts, after it one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tinylearn.graph.node import Node
from tinylearn.schedule.kernel import Kernel
from tinylearn.viz.trace.decisions import title_of
from tinylearn.viz.trace.film import Film

Data = dict[str, Any]
Running = tuple[frozenset[str], frozenset[str]]  # members and what is written: ids of nodes
MOST_TEXTS = 200  # beyond this the texts would weigh more than the picture


def add_moments(trace: Data, nodes: Mapping[str, Node], texts: Callable[[Kernel], Data]) -> Data:
    """Add `texts`, the kernels that run for a while only, and to each frame who begins and ends.

    nodes   {id: node}
    texts   kernel -> {language: {"text", "lines"}}
    """
    trace["texts"] = {}
    if not trace["steps"] or not any(k["code"] for k in trace["kernels"]):
        return trace
    running = moments(trace)
    lasting = {(frozenset(k["nodes"]), frozenset(k["writes"])): k["id"] for k in trace["kernels"]}
    passing = dict.fromkeys(k for now in running for k in now if k not in lasting)
    if len(passing) > MOST_TEXTS:
        return trace
    names = lasting | {kernel: f"t{k}" for k, kernel in enumerate(passing)}
    for frame, before, now in zip(trace["frames"], [{}, *running], running, strict=False):
        frame["began"] = [names[k] for k in now if k not in before]
        frame["ended"] = [names[k] for k in before if k not in now]
    place = {i: k for k, i in enumerate(nodes)}
    for kernel in passing:
        members, written = [sorted(ids, key=place.__getitem__) for ids in kernel]
        made = kernel_of([nodes[i] for i in members], [nodes[i] for i in written])
        code = {"title": title_of(made), "nodes": members, "writes": written, "code": texts(made)}
        trace["texts"][names[kernel]] = code
    return trace


def moments(trace: Data) -> list[dict[Running, None]]:
    """What runs before the first step, and after each."""
    film, found = Film(trace["nodes"], trace["results"]), []
    for step in [None, *trace["steps"]]:
        if step is not None:
            film.take(step)
        kernels = ((film.members[k], film.written[k]) for k in film.members)
        found.append(dict.fromkeys((frozenset(m), frozenset(w)) for m, w in kernels))
    return found


def kernel_of(members: list[Node], outputs: list[Node]) -> Kernel:
    """A kernel of these members, as the scheduler would hand it on."""
    inside = set(members)
    inputs = dict.fromkeys(x for n in members for x in n.inputs if x not in inside)
    return Kernel(tuple(outputs), tuple(members), tuple(inputs))
