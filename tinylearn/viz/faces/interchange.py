"""Hands a trace to other tools: a `graphviz.Digraph` with kernels as clusters."""

from __future__ import annotations

from typing import Any

from tinylearn.viz.layout.copies import in_kernels
from tinylearn.viz.style import colour

Data = dict[str, Any]


def digraph(trace: Data) -> Any:
    """The graph for graphviz. Its text is there without the dot program; drawing needs it.

    Raises   ImportError, with the line that installs it, where the Python package is missing
    """
    try:
        import graphviz
    except ImportError as error:
        raise ImportError("the Python package graphviz is missing: pip install graphviz") from error

    class Digraph(graphviz.Digraph):
        """Shows its text where the dot program is missing, instead of an error."""

        def _repr_mimebundle_(self, *given: Any, **options: Any) -> Any:
            try:
                return super()._repr_mimebundle_(*given, **options)
            except graphviz.ExecutableNotFound:
                return {"text/plain": self.source}

    graph = Digraph(comment=plain(trace["title"]))
    graph.attr("node", shape="box", style="rounded", fontname="Helvetica")
    boxes = in_kernels(trace["nodes"], trace["kernels"])
    for kernel in trace["kernels"]:
        with graph.subgraph(name=f"cluster_{kernel['id']}") as cluster:
            fill, _ = colour(kernel["number"])
            cluster.attr(label=f"kernel {kernel['number']}", color=fill, penwidth="2")
            for node in boxes.nodes:
                if boxes.parents.get(node["id"]) == kernel["id"]:
                    add_node(cluster, node)
    for node in boxes.nodes:
        if node["id"] not in boxes.parents:
            add_node(graph, node)
    graph.edges((plain(a), plain(b)) for a, b in boxes.edges)
    return graph


def add_node(graph: Any, node: Data) -> None:
    source = {"shape": "box", "style": "filled", "fillcolor": "#eef2f6"}
    graph.node(
        node["id"], plain("\n".join(node["face"])), **(source if node["kind"] == "source" else {})
    )


def plain(text: str) -> str:
    """The text with graphviz's own escapes switched off; a newline stays a newline."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")
