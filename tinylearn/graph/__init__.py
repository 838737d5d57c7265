"""The graph: what to compute. Nodes, the primitives they apply, their gradients."""
