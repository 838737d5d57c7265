"""Hands a trace to other tools: a `graphviz.Digraph` with kernels as clusters."""

from __future__ import annotations

from typing import Any

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
    homes: dict[str, list[Data]] = {}
    for kernel in trace["kernels"]:
        for node in kernel["nodes"]:
            homes.setdefault(node, []).append(kernel)
    for kernel in trace["kernels"]:
        with graph.subgraph(name=f"cluster_{kernel['id']}") as cluster:
            fill, _ = colour(kernel["number"])
            cluster.attr(label=f"kernel {kernel['number']}", color=fill, penwidth="2")
            for node in trace["nodes"]:
                if homes.get(node["id"]) == [kernel]:
                    add_node(cluster, node)
    for node in trace["nodes"]:
        if len(homes.get(node["id"], [])) != 1:
            add_node(graph, node)
        for i in node["inputs"]:
            graph.edge(i, node["id"])
    return graph


def add_node(graph: Any, node: Data) -> None:
    source = {"shape": "box", "style": "filled", "fillcolor": "#eef2f6"}
    graph.node(
        node["id"], plain("\n".join(node["face"])), **(source if node["kind"] == "source" else {})
    )


def plain(text: str) -> str:
    """The text with graphviz's own escapes switched off; a newline stays a newline."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")
