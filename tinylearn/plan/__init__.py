"""From a graph to numbers: the request, its plan, and the memory that the plan runs on."""
