"""A trace as plain text: for terminals, logs and readers who listen."""

from __future__ import annotations

import textwrap
from typing import Any

from tinylearn.viz.style import amount, counted, shape_text
from tinylearn.viz.trace.film import intensity

Data = dict[str, Any]
LONGEST = 400  # nodes; beyond this a listing helps nobody


def graph_text(trace: Data) -> str:
    """One line a node: name, op, shape, where it is computed, from what, the user's line."""
    nodes = [n for n in trace["nodes"] if n["op"] != "const" or n["id"] in trace["results"]]
    names = {node["id"]: label(node) for node in trace["nodes"]}
    homes: dict[str, list[int]] = {}
    for kernel in trace["kernels"]:
        for node in kernel["nodes"]:
            homes.setdefault(node, []).append(kernel["number"])
    rows = [summary(trace)]
    for node in nodes[:LONGEST]:
        row = f"  {names[node['id']]:<16}{shape_text(node['shape']):>12} {node['dtype']:<8}"
        if node["inputs"]:
            row += f" = {node['op']}({', '.join(names[i] for i in node['inputs'])})"
        if node["call"]:
            row += f" of {node['call']}"
        if node["id"] in homes:
            row += f" [kernel {', '.join(map(str, homes[node['id']]))}]"
        place = trace["lines"][node["line"]][0] if node["line"] >= 0 else ""
        rows.append(row + (f"  # {place}" if place else ""))
    if len(nodes) > LONGEST:
        rows.append(f"  ... and {len(nodes) - LONGEST} more nodes")
    return "\n".join(rows)


def label(node: Data) -> str:
    """What a line of text calls a node: its name or op and its number; a constant by its value."""
    if node["op"] == "const":
        return str(node["arg"])
    return f"{node['name'] or node['op']}·{node['id'].lstrip('n')}"


def summary(trace: Data) -> str:
    sources = sum(node["kind"] == "source" for node in trace["nodes"])
    return (
        f"{trace['title']}: {ops_text(trace)} on {counted(sources, 'source')}, "
        f"{counted(len(trace['kernels']), 'kernel')}"
    )


def ops_text(trace: Data) -> str:
    """How many ops the picture shows, and why another picture of the graph shows more or fewer.

    >>> nodes = [{"kind": "move"}] * 3
    >>> ops_text({"nodes": nodes, "ops": {"built": 5, "run": 3}})
    '3 ops (of 5 that were built: simplified)'
    """
    shown = sum(node["kind"] != "source" for node in trace["nodes"])
    built, run = trace["ops"]["built"], trace["ops"]["run"]
    if shown == built == run:
        return counted(shown, "op")
    more = f"of {built} that were built: simplified" if shown == run else f"simplified: {run} run"
    return f"{counted(shown, 'op')} ({more})"


def steps_text(trace: Data) -> str:
    """One paragraph a step: verdict, node, rule, its sentence, the facts, the counts."""
    rows = [summary(trace)]
    nodes = {node["id"]: node for node in trace["nodes"]}
    if not trace["steps"]:
        rows.append("  Nothing has to be computed: the numbers are in memory already.")
    seen: set[str] = set()  # a rule's sentence is told once
    for number, step in enumerate(trace["steps"], 1):
        names = ", ".join(what(nodes[i]) for i in step["nodes"])
        rows.append(f"{number:3}. {step['verdict'].upper():<6}{names}  ({step['rule']})")
        says = "" if step["rule"] in seen else trace["rules"][step["rule"]]
        seen.add(step["rule"])
        sentence = reasons(step, says)
        if step["apart"]:
            sentence += f" So it is not fused into {numbered(step['apart'])}."
        before, after = trace["frames"][number - 1 : number + 1]
        sentence += counts(before, after)
        rows += textwrap.wrap(sentence, 94, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(rows)


def reasons(step: Data, says: str) -> str:
    """Why a step was taken: the rule's sentence and the facts, but first what made it impossible.

    >>> reasons({"refused": "it is full", "because": "saves 8 B"}, "One kernel reads it.")
    'Refused: it is full. By the rule it would be fused: One kernel reads it. Here: saves 8 B.'
    """
    facts = f"{says} Here: {step['because']}.".lstrip()
    if step["refused"]:
        return f"Refused: {step['refused']}. By the rule it would be fused: {facts}"
    return facts


def numbered(kernels: list[str]) -> str:
    """kernel 3, or kernels 3 and 7."""
    numbers = [k.lstrip("k") for k in kernels]
    if len(numbers) == 1:
        return f"kernel {numbers[0]}"
    return f"kernels {', '.join(numbers[:-1])} and {numbers[-1]}"


def what(node: Data) -> str:
    """A node in words: `hidden = where 64×128 of relu`, or only `mul 64×10`."""
    name = f"{node['name']} = " if node["name"] else ""
    call = f" of {node['call']}" if node["call"] else ""
    return f"{name}{node['op']} {shape_text(node['shape'])}{call}"


def counts(before: Data, after: Data) -> str:
    """What a step changes of the kernels and of the memory traffic; "" if it changes nothing."""
    if all(before[k] == after[k] for k in ("kernels", "read", "written", "flops")):
        return ""
    kernels = " -> ".join(dict.fromkeys(str(frame["kernels"]) for frame in (before, after)))
    traffic = [amount(frame["read"] + frame["written"]) for frame in (before, after)]
    moved = " -> ".join(dict.fromkeys(traffic))
    return f" Kernels {kernels}, memory traffic {moved}, {intensity(after):.2g} FLOP/byte."


def source_text(trace: Data, language: str) -> str:
    """The code of every kernel, under a line that says what it computes."""
    rows = []
    for kernel in trace["kernels"]:
        code = kernel["code"].get(language)
        rows.append(f"# kernel {kernel['number']}: {kernel['title']}")
        rows.append(code["text"].rstrip() if code else f"# no {language} text for this kernel")
    return "\n".join(rows)
