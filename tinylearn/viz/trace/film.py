"""Counts kernels and memory traffic before and after each decision of a film.

The film begins where nothing is fused: every op is a kernel of its own, reads its inputs from
memory and writes its result there. A `fuse` step dissolves one of these kernels into its readers;
a `store` step keeps it; a `join` step lets it run inside another kernel but still write its result.
"""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]


class Film:
    """The running kernels while steps are taken; `frame()` is the count so far.

    nodes    the nodes of a trace (see schema.md); sources never run, constants cost no traffic
    results  ids of the nodes that stay in memory whoever reads them
    """

    def __init__(self, nodes: list[Data], results: list[str]) -> None:
        self.nodes = {node["id"]: node for node in nodes}
        self.results = set(results)
        self.readers: dict[str, list[str]] = {}
        for node in nodes:
            for i in node["inputs"]:
                self.readers.setdefault(i, []).append(node["id"])
        self.members: dict[str, dict[str, None]] = {}
        self.written: dict[str, dict[str, None]] = {}
        self.cost: dict[str, tuple[int, int, int]] = {}
        self.now: dict[str, str] = {}  # a kernel that joined another goes by that one's name
        self.total = [0, 0, 0, 0]
        for node in nodes:
            if node["kind"] != "source":
                self._keep(node["id"], {node["id"]: None}, {node["id"]: None})

    def frame(self) -> Data:
        """{"kernels", "read", "written" (bytes), "flops"} of everything that would run now."""
        return dict(zip(("kernels", "read", "written", "flops"), self.total, strict=True))

    def take(self, step: Data) -> None:
        """Apply one step: `fuse` and `join` move a node, or its whole kernel, into others."""
        if step["verdict"] not in ("fuse", "join"):
            return
        for node in step["nodes"]:
            homes = [self._name(root) for root in step["roots"]]
            if node not in self.members or node in homes:
                continue
            moved, written = self._drop(node)
            for home in homes:
                inside, outside = self._drop(home)
                members = inside | moved
                if step["verdict"] == "join":
                    outside = {i: None for i in outside | written if self._needed(i)}
                    self.now[node] = home
                self._keep(home, members, outside)

    def _name(self, root: str) -> str:
        while root in self.now:
            root = self.now[root]
        return root

    def _needed(self, node: str) -> bool:
        """Whether another running kernel reads the node from memory."""
        readers = self.readers.get(node, ())
        return node in self.results or any(
            node not in members and any(r in members for r in readers)
            for members in self.members.values()
        )

    def _keep(self, name: str, members: dict[str, None], written: dict[str, None]) -> None:
        self.members[name], self.written[name] = members, written
        inputs = {i for m in members for i in self.nodes[m]["inputs"] if i not in members}
        read = sum(self.nodes[i]["bytes"] for i in inputs if self.nodes[i]["op"] != "const")
        wrote = sum(self.nodes[i]["bytes"] for i in written)
        self.cost[name] = (read, wrote, sum(self.nodes[m]["flops"] for m in members))
        self._add(1, self.cost[name])

    def _drop(self, name: str) -> tuple[dict[str, None], dict[str, None]]:
        self._add(-1, self.cost.pop(name))
        return self.members.pop(name), self.written.pop(name)

    def _add(self, sign: int, cost: tuple[int, int, int]) -> None:
        for k, amount in enumerate((1, *cost)):
            self.total[k] += sign * amount


def add_frames(trace: Data) -> Data:
    """Count what runs before the first step and after each: the trace's `frames`."""
    if not trace["steps"]:
        return trace | {"frames": []}
    film = Film(trace["nodes"], trace["results"])
    frames = [film.frame()]
    for step in trace["steps"]:
        film.take(step)
        frames.append(film.frame())
    return trace | {"frames": frames}


def intensity(frame: Data) -> float:
    """FLOPs for each byte moved: low means that memory sets the speed."""
    moved = frame["read"] + frame["written"]
    return frame["flops"] / moved if moved else 0.0
