"""DataLoader: batches of a data set, in any order, made ahead in a thread if wanted.

    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
    for x, y in loader:
        ...

For arrays in memory nn.loader.batches does the same with less; this is for data sets with items.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError
from tinylearn.nn.checks import yes_no
from tinylearn.nn.schedule import whole
from tinylearn.nn.utils.examples import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from tinylearn.nn.utils.samplers import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from tinylearn.tensor import Tensor

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "random_split",
]

END = object()  # after the last batch
PAUSE = 0.05  # seconds between looks at whether the loop is over
AHEAD = 2  # batches for each worker


class DataLoader:
    """Batches of a data set; each loop over it is one epoch.

    dataset         anything with a length and items, or an IterableDataset
    batch_size      examples in a batch; None gives single examples
    shuffle         True visits the examples in random order
    sampler         an order of your own; batch_sampler   lists of places of your own
    num_workers     more than 0 makes batches ahead, in a thread that ends with the loop
    collate_fn      makes a batch of a list of examples; default_collate if not given
    drop_last       True leaves out a last batch that is shorter
    generator       a NumPy generator or a seed for the order; None draws as manual_seed says
    prefetch_factor how many batches are made ahead for each worker
    pin_memory, persistent_workers, timeout   are taken for PyTorch's sake and change nothing
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Sequence[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
    ) -> None:
        yes_no(drop_last=drop_last, shuffle=bool(shuffle) if shuffle is None else shuffle)
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.num_workers = whole("num_workers", num_workers, 0)
        self.ahead = whole("prefetch_factor", prefetch_factor or AHEAD) * self.num_workers
        self.collate_fn, self.worker_init_fn = collate_fn, worker_init_fn
        self.in_order = not hasattr(dataset, "__getitem__") or isinstance(dataset, IterableDataset)
        self.sampler: Any = sampler
        self.batch_sampler: Any = batch_sampler
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                says = "batch_sampler says all: batch_size, shuffle, sampler and drop_last are its"
                raise ValueError(f"{says}\nTry DataLoader(dataset, batch_sampler=batch_sampler)")
            self.batch_size = None
            return
        order = self.sampler = self.order(bool(shuffle), generator)
        if batch_size is not None:
            self.batch_sampler = BatchSampler(order, batch_size, drop_last)

    def order(self, shuffle: bool, generator: Any) -> Any:
        """The sampler that was given, or the usual one."""
        if self.sampler is not None and shuffle:
            raise ValueError("a sampler is an order already\nTry shuffle=False")
        if self.in_order:
            if shuffle or self.sampler is not None:
                says = f"{type(self.dataset).__name__} can only be read from front to back"
                raise ValueError(f"{says}\nTry shuffle=False, without a sampler")
            return self.dataset
        if self.sampler is not None:
            return self.sampler
        random = RandomSampler(self.dataset, generator=generator)
        return random if shuffle else SequentialSampler(self.dataset)

    def __len__(self) -> int:
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __iter__(self) -> Iterator[Any]:
        """The batches of one epoch. The order is drawn here, at once."""
        places = iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        made = map(self.one if self.batch_sampler is None else self.batch, places)
        return ahead(made, self.ahead, self.worker_init_fn) if self.num_workers else made

    def one(self, place: Any) -> Any:
        """A single example, where there are no batches."""
        example = place if self.in_order else self.dataset[place]
        return (self.collate_fn or default_convert)(example)

    def batch(self, places: Sequence[Any]) -> Any:
        """The batch of the examples at these places."""
        if self.in_order:
            return (self.collate_fn or default_collate)(list(places))
        if self.collate_fn is None:
            if isinstance(self.dataset, TensorDataset):
                return self.dataset.batch(places)
            if isinstance(self.dataset, Subset) and isinstance(self.dataset.dataset, TensorDataset):
                return self.dataset.dataset.batch([self.dataset.indices[k] for k in places])
        return (self.collate_fn or default_collate)([self.dataset[k] for k in places])

    def __repr__(self) -> str:
        try:
            return f"<DataLoader of {len(self)} batches>"
        except TypeError:  # read from front to back, without a length
            return "<DataLoader>"


# ---------------------------------------------------------------- examples to batches


def default_collate(examples: Sequence[Any]) -> Any:
    """One batch of a list of examples: Tensors are stacked, tuples and dicts entered.

    Numbers and arrays become Tensors, texts stay in a list.
    """
    first = examples[0]
    if isinstance(first, Mapping):
        return {key: default_collate([e[key] for e in examples]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*map(default_collate, zip(*examples, strict=True)))
    if isinstance(first, tuple | list):
        if any(len(e) != len(first) for e in examples):
            says = "the examples of a batch have different lengths"
            raise ShapeError(f"{says}\nTry collate_fn=pad_them, a function that makes them equal")
        return [default_collate(part) for part in zip(*examples, strict=True)]
    if isinstance(first, str | bytes):
        return list(examples)
    arrays = [e.numpy() if isinstance(e, Tensor) else np.asarray(e) for e in examples]
    if arrays[0].dtype.kind not in "biuf":
        says = f"no Tensor can be made of {type(first).__name__}"
        raise TypeError(f"{says}\nTry collate_fn=list, which keeps the examples as they are")
    if any(a.shape != arrays[0].shape for a in arrays):
        shapes = sorted({a.shape for a in arrays})
        says = f"the examples of a batch have different shapes: {', '.join(map(str, shapes))}"
        raise ShapeError(f"{says}\nTry collate_fn=pad_them, a function that makes them equal")
    return Tensor(np.stack(arrays), requires_grad=False)


def default_convert(example: Any) -> Any:
    """An example whose arrays are Tensors; tuples and dicts are entered."""
    if isinstance(example, np.ndarray | np.generic) and example.dtype.kind in "biuf":
        return Tensor(np.asarray(example), requires_grad=False)
    if isinstance(example, Mapping):
        return {key: default_convert(value) for key, value in example.items()}
    if isinstance(example, tuple) and hasattr(example, "_fields"):
        return type(example)(*map(default_convert, example))
    return [*map(default_convert, example)] if isinstance(example, tuple | list) else example


# ---------------------------------------------------------------- in a thread


class Failure:
    """What went wrong in the thread."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(
    batches: Iterator[Any], count: int, begin: Callable[[int], Any] | None = None
) -> Iterator[Any]:
    """The same batches, up to `count` of them made ahead in a thread.

    What is raised in the thread is raised in the loop. The thread ends when the loop is left, also
    by break.
    """
    ready: queue.Queue = queue.Queue(count)
    over = threading.Event()

    def hand_over(thing: Any) -> bool:
        """Wait until there is room; whether the loop still goes on."""
        while not over.is_set():
            try:
                ready.put(thing, timeout=PAUSE)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            if begin is not None:
                begin(0)
            for batch in batches:
                if not hand_over(batch):
                    return
            hand_over(END)
        except BaseException as error:
            hand_over(Failure(error))

    thread = threading.Thread(target=work, name="DataLoader", daemon=True)
    thread.start()
    try:
        while (thing := ready.get()) is not END:
            if isinstance(thing, Failure):
                raise thing.error
            yield thing
    finally:
        over.set()
        thread.join()
