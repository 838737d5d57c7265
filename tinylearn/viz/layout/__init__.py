"""Where everything stands: boxes in layers, boxes in boxes, and what is folded."""
