"""A cell or a module that is run again: the edited rules run, or an error says to restart."""

import importlib
import subprocess
import sys

import pytest

from tinylearn.parts import Part, part, parts, use, using

TRY = """if True:
    import importlib, pickle, sys
    import tinylearn as tl
    from tinylearn import Tensor, nn

    def train():
        tl.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        optimizer = nn.optim.SGD([model], lr=0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            model(Tensor([[1.0, 2.0]], requires_grad=False)).square().sum().backward()
            optimizer.step()
        with tl.no_grad():
            assert not model(Tensor([[1.0, 2.0]])).requires_grad
        return pickle.loads(pickle.dumps(model(Tensor([[1.0, 2.0]])))).item()

    before = train()
    for name in sys.argv[1:]:
        try:
            importlib.reload(sys.modules[name])
        except ImportError as error:
            assert "Try restarting the kernel" in str(error), error
        assert train() == before, name
"""


@pytest.fixture
def cell():
    """A cell that makes a Part, as often as it is run."""

    def run(answer):
        @part("test.cell")
        def step(x):
            """What the cell says."""
            return answer

        return step

    yield run
    Part.table.pop("test.cell", None)


def test_a_cell_that_is_run_again_replaces_the_function_for_everyone(cell):
    first = cell("old")
    version = Part.version
    second = cell("new")
    assert second is first and first(0) == "new" and first.is_default
    assert Part.version > version


def test_what_use_has_put_in_stays_and_none_brings_the_new_default(cell):
    step = cell("old")
    use({"test.cell": lambda x: "mine"})
    cell("new")
    assert step(0) == "mine" and "test.cell" in parts().yours
    use({"test.cell": None})
    assert step(0) == "new"


def test_a_block_of_using_goes_on_and_the_new_default_follows_it(cell):
    step = cell("old")
    with using({"test.cell": lambda x: "mine"}):
        cell("new")
        assert step(0) == "mine"
        use({"test.cell": lambda x: "mine too"})
        assert step(0) == "mine too"
    assert step(0) == "new" and step.is_default


def test_a_contract_outlives_the_new_default():
    rules = importlib.import_module("tinylearn.nn.updates")
    sgd = rules.sgd
    contract, old = sgd.contract, sgd.default
    importlib.reload(rules)
    assert rules.sgd is sgd and sgd.contract is contract
    assert sgd.default is not old and sgd.is_default


def test_another_modules_part_is_not_taken_over():
    with pytest.raises(ValueError, match=r"already\nTry tl\.use\({'optim\.sgd': mine}\)"):
        Part("optim.sgd", lambda w, g, lr: w)


def test_every_module_loaded_again_works_on_or_says_to_restart():
    fresh = "import tinylearn, sys; print(*[n for n in sys.modules if n.startswith('tinylearn.')])"
    names = subprocess.check_output([sys.executable, "-c", fresh], text=True).split()
    for k in range(0, len(names), 12):  # each in a process of its own would take minutes
        subprocess.run([sys.executable, "-c", TRY, *names[k : k + 12]], check=True)
