"""What holds for every test: one thread for each library, no screen, repeatable examples."""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read once, when NumPy is imported
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from tinylearn import Device, Part  # noqa: E402
from tinylearn.plan.plan import PLAN_LIMIT, PLANS  # noqa: E402

Part.table.whole()

# A busy machine is no failure, so nothing is timed. Continuous integration tries the same examples
# on every run; `pytest --hypothesis-profile=deep` tries many more.
common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("usual", max_examples=50, **common)
settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, **common)
settings.register_profile("deep", max_examples=2000, **common)
settings.load_profile("ci" if os.environ.get("CI") else "usual")


@pytest.fixture(autouse=True)
def room_for_plans():
    """Tests count plans: the table must not be full of those that other tests made."""
    if len(PLANS) > PLAN_LIMIT // 2:
        PLANS.clear()


@pytest.fixture(params=["numpy", "c"])
def device(request):
    """Each device that works on this machine, as the default."""
    if reason := Device.known[request.param].unavailable():
        pytest.skip(reason)
    before, Device.DEFAULT = Device.DEFAULT, request.param
    yield request.param
    Device.DEFAULT = before
