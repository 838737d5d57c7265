"""The benchmarks run, in tiny sizes, and their columns compute the same. Nothing is timed here."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import gpu
from benchmarks.measure import check, in_turns, warmed
from benchmarks.spent import PHASES, where_time_goes
from benchmarks.works import WORKS
from tinylearn import Device


@pytest.mark.parametrize("name", WORKS)
def test_all_columns_compute_the_same(name):
    steps = command.columns(name, WORKS[name].data(True))
    assert {"numpy device", "NumPy by hand"} <= set(steps)
    check(warmed(steps))
    for step in steps.values():
        step.run(4)  # and a later step still runs


def test_columns_that_differ_are_not_timed():
    check({"a": 1.0, "b": 1.0001, "c": 1.0})
    with pytest.raises(ValueError, match="b came to 1"):
        check({"a": 1.0, "b": 1.1, "c": 1.0})


def test_each_column_has_a_turn_in_each_round():
    steps = command.columns("xor", WORKS["xor"].data(True))
    times = in_turns(steps, rounds=2)
    assert {len(t.cpu) for t in times.values()} == {len(t.wall) for t in times.values()} == {2}


def test_a_profile_accounts_for_every_kernel_of_a_step():
    spent = where_time_goes("mlp", WORKS["mlp"].data(True), "numpy", 2)
    assert set(spent.phases) == set(PHASES)
    assert {len(times) for times in spent.phases.values()} == {2}
    assert {len(times) for times in spent.kernels.values()} == {2}
    assert all(program.source.text for _, program in spent.slowest_first())
    assert "compile" not in vars(Device.known["numpy"])  # no clock is left behind


def test_the_command_writes_what_it_measured(tmp_path, capsys):
    file = tmp_path / "times.json"
    names = ["xor", "lookup", "promises"]
    command.main([*names, "--small", "--rounds", "1", "--json", str(file)])
    results = json.loads(file.read_text())["results"]
    assert results["xor"]["numpy device"]["cpu_us"] > 0
    assert set(results["lookup"]["numpy device"]) == set(PHASES)
    assert all(times["cpu_ms"] > 0 for times in results["promises"].values())
    assert "NumPy by hand" in capsys.readouterr().out
    command.main(["--profile", "xor", "--small", "--rounds", "1"])
    assert "kernels" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(["no_such_work"])


def test_without_a_card_the_gpu_report_says_that_nothing_was_measured(monkeypatch, capsys):
    monkeypatch.setattr(type(Device.known["cuda"]), "unavailable", lambda self: "no card here")
    monkeypatch.setattr("sys.argv", ["gpu"])
    assert gpu.main() == 1
    assert capsys.readouterr().err == "nothing was measured: no card here\n"


def test_a_line_of_the_gpu_report_says_what_was_not_measured():
    alone = gpu.row("sum", {"tinylearn": 2e-6}, "")
    assert alone == f"| sum | 2.0 | {gpu.NOT} | {gpu.NOT} | {gpu.NOT} |  |"
    both = gpu.row("sum", {"tinylearn": 2e-6, "PyTorch": 9e-6, "PyTorch, graph": 3e-6}, "1 TB/s")
    assert both == "| sum | 2.0 | 9.0 | 3.0 | 1.50 | 1 TB/s |"
