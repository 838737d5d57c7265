"""Which buffer lives from which kernel to which, and how much memory that takes."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]


def lives(trace: Data) -> Data:
    """{"buffers", "alive", "peak", "given"}: what lies in memory while the kernels run.

    buffers   id, from and to (positions in running order), row, bytes; results live to the end
    alive     bytes alive while each kernel runs, those that were there before included
    given     bytes that were there before: data and weights
    """
    nodes = {n["id"]: n for n in trace["nodes"]}
    kernels, end = trace["kernels"], len(trace["kernels"]) - 1
    given = sum(n["bytes"] for n in trace["nodes"] if n["op"] == "buffer")
    last = {i: k for k, kernel in enumerate(kernels) for i in kernel["reads"]}
    last |= dict.fromkeys(trace["results"], end)
    free: dict[tuple[int, str], list[int]] = {}
    buffers: list[Data] = []
    rows = 0
    for k, kernel in enumerate(kernels):
        for i in kernel["writes"]:
            kind = (nodes[i]["bytes"], nodes[i]["dtype"])
            if free.get(kind):
                row = free[kind].pop()
            else:
                row, rows = rows, rows + 1
            buffers.append(
                {"id": i, "from": k, "to": last.get(i, k), "row": row, "bytes": nodes[i]["bytes"]}
            )
        for b in buffers:
            if b["to"] == k and b["id"] not in trace["results"]:
                free.setdefault((b["bytes"], nodes[b["id"]]["dtype"]), []).append(b["row"])
    alive = [
        given + sum(b["bytes"] for b in buffers if b["from"] <= k <= b["to"])
        for k in range(len(kernels))
    ]
    return {
        "buffers": buffers,
        "alive": alive,
        "peak": max(alive, default=given),
        "given": given,
        "rows": rows,
    }
