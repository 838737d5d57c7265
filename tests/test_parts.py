"""Parts: what is replaced runs at once, for every caller, on every device, in every cached plan."""

import subprocess
import sys

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Tensor, nn
from tinylearn.graph.primitives import MUL
from tinylearn.nn import optim
from tinylearn.parts import ContractError, Part, named, part, parts, use, using


@pytest.fixture
def free():
    """A Part that only a test knows, without a contract."""

    @part("test.free")
    def free(x):
        """Twice the number."""
        return 2 * x

    yield free
    del Part.table["test.free"]


@pytest.fixture
def unchecked(monkeypatch):
    """Lets anything into the Parts named: the tests need wrong functions to see them run."""

    def allow(*names):
        for name in names:
            monkeypatch.setattr(Part.table[name], "contract", None)

    return allow


# ---------------------------------------------------------------- the mechanism


def test_a_part_is_called_like_its_function(free):
    assert free(3) == 6
    assert free.says == "Twice the number."
    with using({"test.free": lambda x: x + 1}):
        assert free(3) == 4 and not free.is_default
    assert free(3) == 6 and free.is_default


def test_use_lasts_until_none_brings_the_default_back(free):
    use({"test.free": lambda x: -x})
    assert free(3) == -3
    use({"test.free": None})
    assert free(3) == 6


def test_using_puts_back_what_was_there_also_after_an_error(free):
    use({"test.free": lambda x: 0})
    with pytest.raises(ZeroDivisionError), using({"test.free": lambda x: 1 / 0}):
        free(1)
    assert free(1) == 0


def test_a_part_can_stand_for_a_function(free):
    with using({"test.free": free}):
        assert free(3) == 6


def test_unknown_names_offer_the_nearest():
    with pytest.raises(KeyError, match=r"no Part is named 'gradient\.mull'; did you mean"):
        use({"gradient.mull": lambda g, node: ()})
    with pytest.raises(TypeError, match=r"optim\.sgd needs a function, got int"):
        use({"optim.sgd": 3})


def test_an_unknown_name_is_told_without_quotes_around():
    with pytest.raises(KeyError) as error:
        use({"gradient.mull": lambda g, node: ()})
    assert str(error.value).startswith("no Part is named")


@pytest.mark.parametrize("offered", [{"gradient.mul"}, ["gradient.mul"], "gradient.mul"])
def test_names_without_functions_are_refused_with_the_form_that_is_wanted(offered):
    for change in (use, lambda changes: using(changes).__enter__()):
        with pytest.raises(TypeError, match=r"names with functions.*\nTry {'gradient.mul': mine}"):
            change(offered)


@pytest.mark.parametrize("source", ["buffer", "const"])
def test_the_rule_of_a_source_promises_nothing(source):
    use({f"gradient.{source}": lambda g, node: ()})
    use({f"gradient.{source}": None})
    for wrong in (lambda g, node: (g,), lambda g, node: g, lambda g, node: None):
        with pytest.raises(ContractError):
            use({f"gradient.{source}": wrong})


def test_nothing_changes_if_one_of_several_is_refused(free):
    changes = {"test.free": lambda x: 0, "gradient.mul": lambda g, node: (g, g)}
    with pytest.raises(ContractError):
        use(changes)
    assert free.is_default and MUL.gradient.is_default


def test_two_parts_cannot_have_one_name():
    with pytest.raises(ValueError, match=r"there is a Part named optim\.sgd already"):
        Part("optim.sgd", lambda: None)


def test_the_list_of_parts_says_whose_code_is_running(free):
    use({"test.free": lambda x: x})
    listed = parts()
    assert listed.yours == ["test.free"]
    assert str(listed).startswith(f"1 of {len(Part.table)} parts are yours")
    rows = [line for line in str(listed).splitlines() if " test.free " in line]
    assert rows[0].startswith("yours") and "no sentence given" in rows[0]
    assert named("optim.adam").says in str(tl.parts())


def test_every_part_has_a_sentence():
    assert [p.name for p in Part.table.values() if "no sentence" in p.says] == []


@pytest.mark.parametrize(
    "op, rule, says",
    [
        ("mul", lambda g, node: (g.mul(node.inputs[1]), g), r"no 'mul'\nTry a \* b"),
        ("mul", lambda g, node: (g * node.y, g), r"no 'y'\nTry x, y = node.inputs"),
        ("exp", lambda g, node: (g * node.x.exp(),), r"no 'x'\nTry node.inputs\[0\]"),
        ("exp", lambda g, node: (g * node.input,), "no 'input'; did you mean 'inputs'"),
        ("log", lambda g, node: (g * node.inputs[0].reci(),), "did you mean 'recip'"),
    ],
)
def test_a_rule_that_asks_a_node_for_too_much_is_told_what_to_write(op, rule, says):
    with pytest.raises(ContractError, match=says):
        use({f"gradient.{op}": rule})


# ---------------------------------------------------------------- at once, everywhere


def product_gradient(x, y):
    x, y = Tensor(x), Tensor(y)
    (x * y).sum().backward()
    return x.grad.tolist()


def test_a_replaced_gradient_rule_runs_on_every_device_and_in_cached_plans(device, unchecked):
    unchecked("gradient.mul")

    def tripled(g, node):
        x, y = node.inputs
        return 3 * g * y, 3 * g * x

    for _ in range(3):  # the plan is cached after the first
        assert product_gradient([1.0, 2.0], [5.0, 7.0]) == [5.0, 7.0]
    with using({"gradient.mul": tripled}):
        assert product_gradient([1.0, 2.0], [5.0, 7.0]) == [15.0, 21.0]
    assert product_gradient([1.0, 2.0], [5.0, 7.0]) == [5.0, 7.0]


def test_a_replaced_gradient_rule_is_in_the_next_training_step(device, unchecked):
    unchecked("gradient.mul")
    w = Tensor([1.0])
    optimizer = optim.SGD([w], lr=1.0)

    def step():
        before = w.item()
        optimizer.zero_grad()
        (w * 2.0).sum().backward()
        optimizer.step()
        return before - w.item()

    assert [step(), step(), step()] == [2.0, 2.0, 2.0]
    with using({"gradient.mul": lambda g, n: (10 * g * n.inputs[1], 10 * g * n.inputs[0])}):
        assert step() == 20.0
    assert step() == 2.0


def test_a_replaced_update_rule_is_in_the_next_step_of_old_optimizers(device, unchecked):
    unchecked("optim.sgd", "optim.adam")
    w = Tensor([1.0])
    for name, optimizer in (
        ("optim.sgd", optim.SGD([w], lr=0.5)),
        ("optim.adam", optim.Adam([w], lr=0.5)),
    ):
        for _ in range(3):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        answers = (lambda w, g, lr: w * 0 + lr, lambda w, g, m, v, lr, *more: (w * 0 + lr, m, v))
        with using({name: answers[name == "optim.adam"]}):
            optimizer.step()
        assert w.tolist() == [0.5]


def own_adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    """As a student writes it, with Tensor methods."""
    m = m.lerp(g, 1 - beta1)
    v = beta2 * v + (1 - beta2) * g.square()
    return w - lr * (m / correction1) / ((v / correction2) ** 0.5 + eps), m, v


def test_a_students_update_rule_passes_its_contract_and_trains():
    def train():
        w = Tensor([3.0, -2.0])
        optimizer = optim.Adam([w], lr=0.1)
        for _ in range(20):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        return w.numpy()

    expected = train()
    with using({"optim.adam": own_adam}):
        np.testing.assert_allclose(train(), expected, rtol=1e-4)


def test_a_replaced_layer_formula_runs_in_layers_made_before(device, unchecked):
    unchecked("nn.linear")
    layer, x = nn.Linear(2, 1), Tensor([[1.0, 2.0]])
    before = layer(x).item()
    with using({"nn.linear": lambda x, weight, bias: x @ weight.transpose() + bias + 100}):
        assert layer(x).item() == pytest.approx(before + 100, rel=1e-5)
        assert x.linear(layer.weight, layer.bias).item() == pytest.approx(before + 100, rel=1e-5)
    assert layer(x).item() == before


def test_a_replaced_loss_runs_in_the_method_and_in_the_module(unchecked):
    unchecked("loss.cross_entropy")
    logits, labels = Tensor([[1.0, 2.0]]), np.array([1])
    with using({"loss.cross_entropy": lambda logits, labels: (logits * 0 + labels).sum()}):
        assert logits.cross_entropy(labels).item() == 2.0
        assert logits.cross_entropy([1]).item() == 2.0
        assert nn.CrossEntropyLoss()(logits, labels).item() == 2.0
    assert logits.cross_entropy(labels).item() == pytest.approx(0.3133, rel=1e-3)


def test_methods_that_are_parts_take_what_they_took_before():
    x = Tensor(np.arange(32, dtype=np.float32).reshape(1, 2, 4, 4))
    assert x.max_pool2d([2, 2]).shape == (1, 2, 2, 2)
    assert x.layernorm([2, 3]).shape == x.shape
    assert x.conv2d(np.ones((3, 2, 2, 2), np.float32), stride=[2, 1]).shape == (1, 3, 2, 3)
    assert "PyTorch: nn.functional.conv2d" in Tensor.conv2d.__doc__


def test_a_replaced_initializer_makes_the_next_layer():
    def halves(shape, fan_in, gain=1.0):
        """Plus or minus the standard deviation, at random."""
        signs = Tensor.randint(*shape, low=0, high=2) * 2 - 1
        return signs * (gain / fan_in**0.5) * (1 + 0.001 * Tensor.randn(*shape))

    with using({"init.kaiming": halves}):
        layer = nn.Linear(3, 2)
    assert layer.weight.is_leaf and layer.weight.requires_grad
    np.testing.assert_allclose(np.abs(layer.weight.numpy()), 1 / 3, rtol=0.01)


def test_a_fusion_rule_changes_the_kernels_and_no_number(device):
    x = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)

    def softmax():
        return Tensor(x).softmax(1).numpy()

    expected = softmax()
    with using({"fuse.compute_where_used": lambda node, readers, homes: ("store", "I said so")}):
        np.testing.assert_allclose(softmax(), expected, rtol=1e-6)


# ---------------------------------------------------------------- what is imported late


def fresh(script):
    """What a script prints in an interpreter that has imported nothing yet."""
    run = [sys.executable, "-c", f"import tinylearn as tl\n{script}"]
    return subprocess.check_output(run, text=True).strip()


@pytest.mark.parametrize(
    "name", ["optim.adam", "loss.mse", "init.kaiming", "nn.linear", "recipe.reduction"]
)
def test_a_part_comes_when_it_is_named_though_nobody_imported_its_module(name):
    part = f"tl.Part.table[{name!r}]"
    assert fresh(f"print({part}.name, {part}.contract is not None)") == f"{name} True"
    assert fresh(f"tl.use({{{name!r}: None}}); print({part}.is_default)") == "True"


def test_the_list_of_parts_is_whole_in_a_fresh_interpreter():
    assert fresh("print(len(tl.parts().rows))") == str(len(Part.table.whole()))


def test_a_part_that_is_nowhere_is_told_from_all_that_are():
    script = "try: tl.use({'optim.adan': None})\nexcept KeyError as error: print(error)"
    assert fresh(script) == "no Part is named 'optim.adan'; did you mean 'optim.adam'?"


def test_the_c_device_comes_when_it_is_named(device):
    assert fresh(f"print(tl.Tensor([1.0, 2.0], device={device!r}).sum().item())") == "3.0"
    assert "there are numpy, c" in fresh(
        "try: tl.Tensor(1, device='tpu')\nexcept tl.DeviceError as error: print(error)"
    )
