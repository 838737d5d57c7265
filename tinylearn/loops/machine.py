"""The machine that loops are chosen for: every width, size and limit at which a choice turns.

A Machine is what differs from processor to processor. The numbers below it were measured on the
kernels of the course's models, and hold for all of them well enough.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """One thread of a processor.

    vector    bytes of a vector register
    totals    registers for totals; the others hold what is read
    near      bytes of a copy that stays in the nearest caches
    far       bytes of output that leave all caches before anybody reads them
    stack     bytes of arrays of a kernel's own: threads of some systems have 512 kB for all
    chunk     rounds that one total adds up, so that no sum grows long
    """

    vector: int = 64
    totals: int = 24
    near: int = 100 * 1024
    far: int = 16 * 1024 * 1024
    stack: int = 256 * 1024
    chunk: int = 1 << 14


AVX512 = Machine()
AVX2 = Machine(vector=32, totals=10)
NEON = Machine(vector=16, totals=24)

# ---------------------------------------------------------------- rewrites: short loops written out

SHORT_SUM = 8  # rounds of a reduced loop that may be written out
SHORT_LOOP = 4  # the same for an outer loop
MANY = 512  # rounds that the other loops must make, or it is not worth the text
LONG_TEXT = 150  # statements: a longer text compiles slowly

# ---------------------------------------------------------------- recipes: vectors and tiles

SHORTEST = 4  # rounds: a shorter loop is no vector
LITTLE = 64  # rounds of all loops: so little work is done before any vector is full
OFTEN = 8  # times that a number is read before a copy of it pays
READ_AGAIN = 2  # times as long: vectors along a sum whose tiles share reads, which nobody packs
FEWEST_ROWS = 5  # of a tile, beside its vectors: with fewer each round takes longer,
FEW_ROWS = 1.2  # so many times (measured: 1.15 to 1.35), however many vectors there are
WIDEST = 14  # rounds of a loop in one tile
ALONE = 6  # totals side by side that share nothing: so many, and no round waits for another
BESIDE = (4, 2)  # vectors of one total: two additions begin in a cycle, and each takes four
LONG = 6  # statements after a total: from here on they are not written out for each total

# ---------------------------------------------------------------- tuning: trying, not counting

TRIES = 4  # times that what lies near the best is tried: the best of few more is hardly better
NEAR_LOOPS = 3  # loops along which vectors are tried
MORE_TOTALS = 1.25  # of the registers for totals: what is kept there beside them may need fewer
MOST_TRIED = 24  # ways at once: each takes a compiler 20 to 50 ms
SAMPLE = 3e-4  # seconds of one sample: so often a kernel runs in it, and the clock is no matter
SAMPLES = 9  # of each that is tried, in turns; the median counts
WORTH_KEEPING = 0.97  # of the recipe's time: medians of one program differ by 2 % between batches

# ---------------------------------------------------------------- blocks and threads of a GPU

BLOCK_OF_THREADS = 128  # threads: four warps, enough to keep a processor of a GPU busy
MANY_ROUNDS = 1 << 20  # of an elementwise kernel: from here on a thread does several of them
ROUNDS_OF_A_THREAD = 8
BLOCKS_AT_ONCE = 4096  # that share long sums: more than any card runs at once
THREADS_AT_ONCE = 1 << 17  # the same for threads
SHORTEST_PIECE = 2048  # rounds of a sum that a block has for itself: shorter ones do not pay
SHORTEST_COLUMN = 1024  # the same for a thread
SUMS_OF_A_THREAD = (4, 3, 2)  # that read the same: so many share it, if that goes evenly
SHORTEST_DEPTH = 128  # the same for a tile of a product
FEW_TILES = 264  # of a product: two for each processor of the largest cards; fewer share their sums
FEWEST_COLUMNS = 32  # sums side by side: fewer do not fill a warp
LARGEST_BLOCK = 1024  # threads
PLACES_OF_A_THREAD = 16  # of a row in passes: a thread has registers for a few such
ROW_ON_A_BLOCK = 64  # rounds of a sum: from here on the threads of a block share them
TILE = 16  # numbers along each side of a product's tile: 256 threads
ROWS_OF_BLOCKS = 65_535  # blocks along y and z: more no card takes; along x there are 2^31 - 1
ROWS_OF_A_THREAD = (
    (1024, 8),
    (512, 4),
)  # products from so many rows on: rows of a tile a thread has
GROUP = 4  # neighbours that a thread of a large product reads at once: 16 bytes
TURNED = 2  # numbers behind each row of a tile that is written turned: a warp writes two columns

# ---------------------------------------------------------------- NumPy and BLAS

BLOCK = 16_384  # numbers: a few such arrays fit the second-level cache
LONG_ROW = 160  # numbers: from here on NumPy adds row to row sooner than number to number
SHORT_ROW = 32  # numbers: so short are rows whose largest is found quicker along the columns
WHOLE = 262_144  # numbers: so large may be what follows a product and works in place
WORTH_A_CALL = 65_536  # multiplications: smaller products are not worth a call of BLAS for each
BLAS_FROM = 1 << 26  # multiplications: up to so many, our own loops in C are as fast as BLAS
