"""The text of a kernel, with a link from each of its lines to the node that the line computes."""

from __future__ import annotations

from dataclasses import dataclass, field

from tinylearn.graph.node import Node


@dataclass
class Source:
    """Lines of text under construction, and the finished text.

    nodes   for each line the node it computes, or None
    """

    lines: list[str] = field(default_factory=list)
    nodes: list[Node | None] = field(default_factory=list)
    indent: int = 0

    def add(self, line: str = "", node: Node | None = None) -> None:
        """One more line at the current indentation."""
        self.lines.append("    " * self.indent + line if line else "")
        self.nodes.append(node)

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines) + "\n"
