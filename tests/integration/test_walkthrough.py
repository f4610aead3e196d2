"""Each case of the walkthrough (tests/walkthrough), in one lab that a run of them shares."""

import os
import subprocess

import pytest

from house.programs import BUILD, ROOT, is_root

SCRIPTS = ROOT / "tests" / "walkthrough"
CASES = subprocess.run([SCRIPTS / "run", "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
LIMIT = 600


@pytest.fixture(scope="module")
def rows(request, tmp_path_factory):
    """What became of each case that is asked for, by its name."""
    if not is_root():
        pytest.skip("a lab makes network namespaces and needs root")
    wanted = [item.callspec.params["case"] for item in request.session.items if item.module is request.module]
    table = tmp_path_factory.mktemp("walkthrough") / "table"
    # One case alone prints no table; this file has it either way.
    runner = subprocess.Popen([SCRIPTS / "run", *wanted], env={**os.environ, "FUMIDAI_BUILD": str(BUILD), "WALKTHROUGH_TABLE": str(table)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said, _ = runner.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        runner.terminate()  # its world ends with it
        said, _ = runner.communicate()
    found = {"": said.decode(errors="replace")}
    for line in table.read_text().splitlines() if table.exists() else []:
        if line.startswith("    "):
            found[case] += line + "\n"
        else:
            case = line.split()[0]
            found[case] = line + "\n"
    return found


@pytest.mark.parametrize("case", CASES)
def test_case(rows, case):
    assert case in rows, f"it did not run: {rows[''][-2000:]}"
    assert rows[case].split()[1] == "ok", rows[case]
