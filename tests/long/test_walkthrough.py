"""Each case of the walkthrough (tests/walkthrough), in labs that they share: one for the first two methods, one for the rest."""

import os
import subprocess

import pytest

from house.programs import BUILD, ROOT, is_root

SCRIPTS = ROOT / "tests" / "walkthrough"
CASES = subprocess.run([SCRIPTS / "run", "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
LIMIT = 1500


def start(cases, table):
    environment = {**os.environ, "FUMIDAI_BUILD": str(BUILD), "WALKTHROUGH_TABLE": str(table)}
    return subprocess.Popen([SCRIPTS / "run", *cases], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(runner):
    try:
        said, _ = runner.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        runner.terminate()  # its world ends with it
        said, _ = runner.communicate()
    return said.decode(errors="replace")


@pytest.fixture(scope="module")
def rows(request, tmp_path_factory):
    """The row of each case that is asked for and, where it failed, what it said."""
    if not is_root():
        pytest.skip("a lab makes network namespaces and needs root")
    wanted = [item.callspec.params["case"] for item in request.session.items if item.module is request.module]
    first = [case for case in wanted if case[0] in "0bv"]
    halves = [half for half in (first, [case for case in wanted if case not in first]) if half]
    folder = tmp_path_factory.mktemp("walkthrough")
    runners = [start(half, folder / half[0]) for half in halves]
    found = {}
    for half, runner in zip(halves, runners):
        said = finish(runner)
        found.update({case: f"it did not run:\n{said[-3000:]}" for case in half})
        table = folder / half[0]
        for line in table.read_text().split("\n")[:-1] if table.exists() else []:
            if line.startswith("    "):
                found[case] += "\n" + line
            else:
                case = line.split()[0]
                found[case] = line
    return found


@pytest.mark.parametrize("case", CASES)
def test_case(rows, case):
    if rows[case].split()[1:2] == ["skipped"]:
        pytest.skip("FUMIDAI_TEST_AWS2 names no AWS CLI of 2.12 or newer")
    assert rows[case].split()[1] == "ok", rows[case]
