"""tl.explore: a function's graph, code and times, redrawn while somebody moves its arguments."""
