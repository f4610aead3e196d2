"""AWS's programs and ours, in every pair: `aws ssm start-session` by {AWS's plugin, ours} to {AWS's agent, ours}.

What was seen goes to a transcript of each pair in the build folder, headed by the versions of all that took part."""

import os
import signal
import subprocess

import pytest

from house.private_network import ECHO
from house.programs import AWS, BUILD, FUMIDAI, OUR_PLUGIN, is_running, newer_aws, stock_plugin, version_of, wait_until
from house.stock_agent import StockAgent
from house.terminal import Terminal


@pytest.fixture(scope="module")
def stock_host(plane, tmp_path_factory):
    one = StockAgent(plane, tmp_path_factory.mktemp("stock"))
    try:
        yield one.register().start()
    finally:
        one.clean()


@pytest.fixture(params=["our agent", "amazon-ssm-agent"])
def target(request):
    return request.getfixturevalue("host" if request.param == "our agent" else "stock_host")


@pytest.fixture(params=["our plugin", "AWS's plugin"])
def plugin(request):
    return OUR_PLUGIN if request.param == "our plugin" else stock_plugin()


def versions(plane, target, plugin, aws):
    env = plane.environment()
    (listed,) = plane.aws("ssm", "describe-instance-information", "--filters", f"Key=InstanceIds,Values={target.id}")["InstanceInformationList"]
    return f"CLI: {version_of(aws, env)}\nplugin: {version_of(plugin, env)} ({plugin.name} of {'Fumidai' if plugin == OUR_PLUGIN else 'AWS'})\n" \
           f"agent: {listed['AgentVersion']} ({'Fumidai' if target.__class__.__name__ == 'Agent' else 'AWS'})\n"


def start(plane, target, plugin, aws=AWS, *more):
    env = plane.environment()
    env["PATH"] = f"{plugin.parent}:{env['PATH']}"
    return Terminal([aws, "ssm", "start-session", "--target", target.id, *more], env, rows=33, columns=99)


def walk_through(terminal):
    """A person's session, from the first prompt to the end."""
    terminal.expect("Starting session with SessionId: administrator-")
    terminal.expect("[$#] $")
    terminal.run("PS1='ready> '; unset PROMPT_COMMAND", "\nready> |\rready> ")
    terminal.run("echo host=$(hostname)", f"\nhost={os.uname().nodename}\r?\n")
    # The size that the plugin announces; AWS's looks once in half a second.
    wait_until("the size", lambda: terminal.run("stty size; echo end", r"[\n ](\d+ \d+)\r?\nend").group(1) == b"33 99")
    terminal.resize(44, 111)
    wait_until("the new size", lambda: terminal.run("stty size; echo end", r"[\n ](\d+ \d+)\r?\nend").group(1) == b"44 111")
    nap = f"sleep 1000.{os.getpid()}"
    terminal.type(f"{nap}; echo not reached\n")
    wait_until("the program", lambda: is_running(nap))
    terminal.type("\x03")
    wait_until("its end", lambda: not is_running(nap))
    terminal.run("echo still=$((40+2))", "\nstill=42\r?\n")
    terminal.run("export LC_ALL=C.UTF-8; printf '<%s>\\n' 踏み台 Grüße 😀", "\n<踏み台>\r?\n<Grüße>\r?\n<😀>\r?\n")
    terminal.run("seq 1 5000 | tail -n 1", "\n5000\r?\n")
    terminal.type("exit 5\n")
    terminal.expect("Exiting session with sessionId")
    assert terminal.wait() == 0, "the CLI takes any other status for a failed plugin"


def test_a_shell_works_with_every_pair(plane, target, plugin, request):
    head = versions(plane, target, plugin, AWS)
    terminal = start(plane, target, plugin)
    try:
        walk_through(terminal)
    finally:
        folder = BUILD / "transcripts"
        folder.mkdir(exist_ok=True)
        name = request.node.name.partition("[")[2].rstrip("]").replace(" ", "-").replace("'", "")
        (folder / f"{name}.txt").write_bytes(head.encode() + b"\n" + terminal.transcript)
        terminal.close()


def test_a_newer_cli_keeps_the_token_out_of_its_arguments_and_works_as_well(plane, host, plugin):
    with start(plane, host, plugin, newer_aws()) as terminal:
        walk_through(terminal)


def test_a_session_that_is_ended_for_its_user_ends_his_shell(plane, target, plugin):
    with start(plane, target, plugin) as terminal:
        session = terminal.expect("SessionId: (administrator-[a-z0-9]+)").group(1).decode()
        terminal.expect("[$#] $")
        plane.aws("ssm", "terminate-session", "--session-id", session)
        terminal.wait()
        wait_until("the end in the list", lambda: session not in [each["SessionId"] for each in plane.sessions()])


def test_our_client_runs_a_command_on_amazons_agent(plane, stock_host):
    done = plane.fumidai("session", "start", stock_host.id, "-n", "--", "sh", "-c", "echo out; echo err >&2; exit 4")
    assert done.returncode == 4
    assert done.stdout.split() == [b"out"] or done.stdout.split() == [b"out", b"err"]


def test_input_that_amazons_agent_cannot_take_is_refused_and_not_lost(plane, stock_host):
    done = plane.fumidai("session", "start", stock_host.id, "--", "cat", stdin=b"words")
    assert done.returncode == 255
    assert b"input" in done.stderr


# ---- one TCP connection, as ssh's ProxyCommand wants it

@pytest.fixture(scope="module")
def echo():
    """On this machine's loopback: says hello, then repeats what it hears, in capitals."""
    process = subprocess.Popen(["/usr/bin/python3", "-c", ECHO.replace('("0.0.0.0", 7)', '("127.0.0.1", 0)').replace('print("ready", flush=True)\nServer(', 'server = Server(').replace(").serve_forever()", '); print(server.server_address[1], flush=True); server.serve_forever()')], stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()


def talk(words, env):
    held = subprocess.Popen([str(word) for word in words], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        first = held.stdout.readline()
        while first != b"hello\n" and first:  # AWS's plugin begins with a line about the session
            first = held.stdout.readline()
        assert first == b"hello\n", held.stderr.read()
        for text in (b"one\n", b"x" * 100_000 + b"\n", b"\x03\x1c\x00\xff two\n"):
            held.stdin.write(text)
            held.stdin.flush()
            assert held.stdout.readline() == text.upper()
    finally:
        os.killpg(held.pid, signal.SIGKILL)  # the plugin outlives the aws that began it
        held.wait()


def test_an_ssh_session_is_a_connection_to_a_port(plane, target, plugin, echo):
    env = plane.environment()
    env["PATH"] = f"{plugin.parent}:{env['PATH']}"
    talk([AWS, "ssm", "start-session", "--target", target.id, "--document-name", "AWS-StartSSHSession", "--parameters", f"portNumber={echo}"], env)


def test_our_client_makes_a_tunnel_by_either_agent(plane, target, echo):
    talk([FUMIDAI, "tunnel", target.id, echo], plane.environment())
