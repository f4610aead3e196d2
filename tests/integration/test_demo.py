"""What the demo's scripts take for their own, and may end."""

import shutil
import subprocess

import pytest

from house.programs import ROOT


@pytest.fixture
def start(tmp_path):
    """Starts a program that is called like ours, with these words, in the place of the demo's server."""
    program = tmp_path / "fumidai-stand-in"
    shutil.copy("/bin/sh", program)
    started = []

    def one(*words):
        process = subprocess.Popen([program, "-c", "read word", *words], stdin=subprocess.PIPE)
        started.append(process)
        (tmp_path / "server.pid").write_text(f"{process.pid}\n")
        return process

    yield one
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def found(tmp_path):
    return lambda: subprocess.run(["bash", "-c", f". {ROOT}/demo/common.sh; process_of server.pid"], cwd=tmp_path, capture_output=True, text=True, check=False).stdout.strip()


def test_its_server_is_found_until_it_ends(tmp_path, start, found):
    assert found() == ""
    process = start("server", "--data-dir", f"{tmp_path}/.demo/data")
    assert found() == str(process.pid)
    process.kill()
    process.wait()
    assert found() == ""


@pytest.mark.parametrize("folder", ["/srv/fumidai", ".demo/data", "/elsewhere/.demo/data"])
def test_another_program_of_ours_that_has_its_number_is_not(start, found, folder):
    start("server", "--data-dir", folder)
    assert found() == ""
