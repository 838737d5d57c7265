"""A GPU that everyone has: runs a tree's threads in lock step with NumPy, and counts what they do.

    counting.py   sectors of memory, conflicts of banks
    faults.py     races, places outside of memory, barriers that some threads miss: in words
    touches.py    who touched which place since the last barrier
    lanes.py      a batch of blocks, a statement at a time, all threads at once
    report.py     what was counted, line by line; picture.py draws it for notebooks
    simulate.py   a launch from begin to end

The blocks of a batch are axis 0 of every array, their threads axis 1. What is the same for all
blocks, or for all threads, has length 1 there: most bookkeeping costs no more than one block.
"""
