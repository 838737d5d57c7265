"""What is known of a graph, as plain data: nodes, kernels, decisions, names, numbers."""
