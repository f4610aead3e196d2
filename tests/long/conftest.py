"""The fixtures of the integration tests, for tests that take longer than anyone wants to wait."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from house.order import longest_first

_spec = spec_from_file_location("integration_fixtures", Path(__file__).parents[1] / "integration" / "conftest.py")
_fixtures = module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

plane, host, own_plane, own_host = _fixtures.plane, _fixtures.host, _fixtures.own_plane, _fixtures.own_host

# xdist hands a second file at once to a worker whose first holds a test or two: the longest begin at once, each with a
# worker of its own, and behind the soak waits what is short.
FIRST = ["test_soak.py", "test_walkthrough.py", "test_patience.py", "test_kill_loop.py"]


def pytest_collection_modifyitems(items):
    longest_first(items, FIRST)
