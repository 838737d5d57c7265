"""The forward pass of a trace: what is computed from what. Works on plain data."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]


class Graph:
    """The nodes of a trace with their readers; only the forward pass is looked at."""

    def __init__(self, nodes: list[Data]) -> None:
        self.nodes = {n["id"]: n for n in nodes}
        self.forward = [n["id"] for n in nodes if n["pass"] == "forward" and n["kind"] != "source"]
        self.readers: dict[str, list[str]] = {n["id"]: [] for n in nodes}
        inside = set(self.forward)
        for i in self.forward:
            for x in self.nodes[i]["inputs"]:
                self.readers[x].append(i)
        self.inside = inside
        self.fixed = {n["id"] for n in nodes if n["op"] == "const"}  # 1 / 3 is computed, and fixed
        for i in self.forward:
            if self.fixed.issuperset(self.nodes[i]["inputs"]):
                self.fixed.add(i)

    def reading(self, parameter: str) -> set[str]:
        """The nodes that compute with a parameter, and the moves on the way to them."""
        found: set[str] = set()
        stack = [parameter]
        while stack:
            for reader in self.readers[stack.pop()]:
                if reader not in found:
                    found.add(reader)
                    if self.nodes[reader]["kind"] == "move":
                        stack.append(reader)
        return found

    def after(self, members: set[str]) -> set[str]:
        """The members and all that is computed from them."""
        found = set(members)
        for i in self.forward:
            if any(x in found for x in self.nodes[i]["inputs"]):
                found.add(i)
        return found

    def before(self, members: set[str]) -> set[str]:
        """The members and all that they are computed from."""
        found = set(members)
        for i in reversed(self.forward):
            if any(r in found for r in self.readers[i]):
                found.add(i)
        return found

    def filled(self, members: set[str]) -> set[str]:
        """The members, what lies on a path between two of them, and what serves them alone."""
        found = self.after(members) & self.before(members)
        for i in self.forward:  # the sum of a product without a bias, and its shape
            x = self.nodes[i]["inputs"][0]
            step = self.nodes[x]["op"], self.nodes[i]["op"]
            product = step in (("mul", "sum"), ("sum", "reshape"))
            if product and x in found and len(self.readers[x]) == 1:
                found.add(i)
        return self.served(found)

    def served(self, members: set[str]) -> set[str]:
        """The members, and the moves and the fixed numbers that serve them alone."""
        found = set(members)
        for i in reversed(self.forward):
            readers, serves = self.readers[i], self.nodes[i]["kind"] == "move" or i in self.fixed
            if serves and readers and found.issuperset(readers):
                found.add(i)
        return found

    def prepared_for(self, members: set[str], others: set[str], sums: int) -> set[str]:
        """What is computed for the members alone, with this many sums: a norm's mean and variance.

        What feeds them through one value only is not theirs: it is the layer before.
        """
        found: set[str] = set()
        for i in reversed(self.forward):
            readers = self.readers[i]
            if readers and i not in others and (members | found).issuperset(readers):
                found.add(i)
        for value in (i for i in reversed(self.forward) if i in found):
            inner = (self.after({value}) & found) - {value}
            own = members | inner
            read = {x for i in own for x in self.nodes[i]["inputs"] if x in self.inside}
            if self.sums(inner) >= sums and read <= own | {value} | self.fixed:
                return inner | (self.fixed & found & self.served(own))
        return found if self.sums(found) >= sums else set()

    def sums(self, members: set[str]) -> int:
        return sum(self.nodes[i]["op"] == "sum" for i in members)
