"""Times beside those of other ways to do the same work: python -m benchmarks --help

The libraries read how many threads they may start when they are imported, so it is said here,
before any of them is. A number that stands in the environment already is left alone.
"""

import os

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

for name in THREADS:
    os.environ.setdefault(name, "1")
