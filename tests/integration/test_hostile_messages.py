"""AgentMessages that no program of ours or of AWS's would send, from either side of a session and on the control channel."""

import hashlib
import json
import uuid

import pytest

from house import wire
from house.calm import stays_calm
from house.played import OUTPUT, SIZE, PlayedAgent, PlayedClient, complete, header
from house.programs import wait_until

POLICY_VIOLATION, TOO_LARGE = 1008, 1009

MALFORMED = {
    "empty": b"",
    "ten bytes": b"0123456789",
    "a header cut by one byte": header()[:119],
    "a header length of zero": header(length=0),
    "a header length beyond the message": header(length=0xFFFFFFFF),
    "a header length of 115": header(length=115),
    "no type": header(kind=b""),
    "a type of NULs": header(kind=bytes(32)),
    "no date": header(created=0),
    "noise": bytes(range(256)) * 4,
}
BAD_STREAM = {
    "a wrong digest": header(digest=bytes(32)),
    "an acknowledgement that is not JSON": header(kind=b"acknowledge", payload=b"{"),
    "an acknowledgement of nothing": header(kind=b"acknowledge", payload=b"{}"),
    "an acknowledgement of minus one": header(kind=b"acknowledge", payload=b'{"AcknowledgedMessageSequenceNumber":-1}'),
    "an acknowledgement of a text": header(kind=b"acknowledge", payload=b'{"AcknowledgedMessageSequenceNumber":"x"}'),
}


def cases(*tables):
    return [pytest.param(value, id=name.replace(" ", "-")) for table in tables for name, value in table.items()]


@pytest.fixture(autouse=True)
def calm(plane):
    with stays_calm(plane):
        yield


@pytest.fixture(scope="module")
def shell(plane, host):
    """One session that all of the client's misbehaviour has to leave intact."""
    client = PlayedClient(plane, host.id).connect()
    client.ask_shell(1)
    yield client
    client.end()


@pytest.fixture(scope="module")
def agent(plane):
    return PlayedAgent(plane)


@pytest.fixture
def control(agent):
    channel = agent.open_control()
    wait_until("the played agent is connected", lambda: wire.call(agent.plane, "AmazonSSM.GetConnectionStatus", {"Target": agent.id})[1]["Status"] == "connected")
    yield channel
    channel.close()


@pytest.fixture
def pair(plane, agent, control):
    """A session of which the test plays both ends."""
    client = PlayedClient(plane, agent.id).connect()
    session = agent.next_order(control)
    channel = agent.open_data(session)
    channel.send(wire.agent_message("agent_session_state", json.dumps({"SchemaVersion": 1, "SessionState": "Connected", "SessionId": session}).encode(), flags=3))
    yield client, channel
    channel.close()
    client.end()


def output(payload, sequence):
    return wire.agent_message("output_stream_data", payload, sequence=sequence, payload_type=OUTPUT)


def at_once(channel, *messages):
    """So that no acknowledgement comes in between."""
    channel.send_raw(b"".join(channel.frame(2, message) for message in messages))


def session_is(plane, session, state):
    found = wire.call(plane, "AmazonSSM.DescribeSessions", {"State": "History", "Filters": [{"key": "SessionId", "value": session}]})[1]["Sessions"]
    return found and found[0]["Status"] == state and found[0]


# ---- the client's side


@pytest.mark.sanitized
@pytest.mark.parametrize("message", cases(MALFORMED, BAD_STREAM))
def test_a_malformed_message_costs_a_client_its_connection_and_nothing_else(shell, message):
    shell.channel.send(message)
    assert shell.channel.closed().code == POLICY_VIOLATION
    shell.resume().ask_shell(2)


def test_a_message_above_the_limit_is_refused_before_it_is_read(shell):
    head = shell.channel.frame(2, bytes(131073))[:14]
    shell.channel.send_raw(head)  # and not one byte of its payload
    assert shell.channel.closed().code == TOO_LARGE
    shell.resume().ask_shell(3)


def test_the_largest_message_is_carried(shell):
    shell.say("stty raw -echo; echo rea''dy.; head -c 130000 | sha256sum; stty sane\n")
    shell.read_until("ready.")
    payload = b"0123456789" * 13_000
    shell.say(payload)
    shell.read_until(hashlib.sha256(payload).hexdigest())
    shell.ask_shell(4)


@pytest.mark.sanitized
def test_reordered_messages_are_put_in_order(shell):
    first = shell.sequence
    letters = [b"echo or", b"der-$((6", b"*7))", b".\n"]
    for sequence in (2, 3, 1, 0):
        shell.channel.send(shell.message(letters[sequence], first + sequence))
    shell.sequence += len(letters)
    shell.read_until("order-42.")


@pytest.mark.sanitized
def test_duplicated_messages_are_taken_once(shell):
    line = shell.message(b"echo twice-$((3*3)).\n", shell.sequence)
    for _ in range(50):
        shell.channel.send(line)
    shell.sequence += 1
    seen = shell.read_until("twice-9.")
    seen += shell.ask_shell(5)
    assert seen.count("twice-9.") == 1


@pytest.mark.parametrize("sequence", [-1, -(2**63), 10**6, 2**62, 2**63 - 1])
def test_a_sequence_number_out_of_this_world_is_passed_over(shell, sequence):
    shell.channel.send(shell.message(b"exit\n", sequence))
    shell.ask_shell(6)


@pytest.mark.parametrize("kind", ["channel_closed", "pause_publication", "start_publication", "interactive_shell", "output_stream_data", "agent_session_state", "agent_task_complete",
                                  "no_such_message_exists_anywhere"])
def test_a_client_cannot_speak_for_the_plane_or_the_agent(shell, kind):
    shell.channel.send(wire.agent_message(kind, json.dumps({"SessionId": shell.session, "SessionState": "Terminating", "Output": "over"}).encode(), payload_type=OUTPUT))
    shell.ask_shell(7)


def test_an_acknowledgement_of_what_was_never_sent_is_harmless(shell):
    for sequence in (10**9, 2**63 - 1):
        content = {"AcknowledgedMessageType": "output_stream_data", "AcknowledgedMessageId": str(uuid.uuid4()), "AcknowledgedMessageSequenceNumber": sequence, "IsSequentialMessage": True}
        shell.channel.send(wire.agent_message("acknowledge", json.dumps(content).encode(), flags=3))
    shell.ask_shell(8)


@pytest.mark.parametrize("size", ['{"cols":0,"rows":0}', '{"cols":99999999999,"rows":-1}', '{"cols":"wide"}', "[]", "{", "\0"])
def test_a_terminal_size_that_is_none_is_passed_over(shell, size):
    shell.say(size, SIZE)
    shell.ask_shell(9)


@pytest.mark.parametrize("kind", [0, 2, 4, 5, 7, 10, 11, 12, 13, 9999, 0xFFFFFFFF])
def test_a_payload_type_that_no_client_sends_is_passed_over(shell, kind):
    shell.say("\0\0\0\x63junk", kind)
    shell.ask_shell(10)


def test_messages_of_unknown_types_do_not_fill_the_log(shell):
    for _ in range(2000):
        shell.channel.send(wire.agent_message("unheard_of", b"{}"))
    shell.ask_shell(11)


def test_one_number_with_two_payloads_ends_the_session(plane, host):
    with PlayedClient(plane, host.id) as client:
        client.ask_shell(1)
        at_once(client.channel, client.message(b"echo one\n", client.sequence), client.message(b"echo two\n", client.sequence))
        assert "two different messages under one sequence number" in client.farewell()
    wait_until("the session's end", lambda: session_is(plane, client.session, "Failed"))
    altered = [event for event in plane.events("--session", client.session) if event["kind"] == "session.altered"]
    assert altered and altered[0]["detail"]["sender"] == "client"


@pytest.mark.parametrize("answer", [b"{", b"[]", b'{"ClientVersion":7}', b"\xff\xfe", b"{" * 5000], ids=["cut", "list", "number", "not-utf8", "deep"])
def test_a_handshake_that_is_answered_with_nonsense_fails_with_a_sentence(plane, host, answer):
    client = PlayedClient(plane, host.id).connect()
    request = wire.parse_agent_message(client.channel.receive())
    client.channel.send(wire.acknowledge(request))
    client.expected = 1
    client.say(answer, 6)
    assert client.farewell()
    assert wait_until("the session's end", lambda: session_is(plane, client.session, "Failed"))["Details"]


# ---- the agent's side


@pytest.mark.sanitized
@pytest.mark.parametrize("message", cases(MALFORMED, {name: message.replace(b"input_stream_data ", b"output_stream_data") for name, message in BAD_STREAM.items()}))
def test_a_malformed_message_costs_an_agent_its_connection_and_the_session_goes_on(agent, pair, message):
    client, channel = pair
    channel.send(output(b"before.", 0))
    client.read_until("before.")
    channel.send(message)
    assert channel.closed().code == POLICY_VIOLATION
    with agent.open_data(client.session) as again:
        again.send(output(b"after.", 1))
        client.read_until("after.")


def test_reordered_and_duplicated_output_arrives_once_and_in_order(pair):
    client, channel = pair
    for sequence in (3, 1, 1, 2, 0, 3, 0):
        channel.send(output(b"abcd"[sequence:sequence + 1], sequence))
    assert client.read_until("d") == "abcd"
    assert client.output == b""


def test_a_duplicate_that_was_acknowledged_is_answered_by_the_plane(pair):
    client, channel = pair
    channel.send(output(b"once.", 0))
    client.read_until("once.")
    assert wire.parse_agent_message(channel.receive())["kind"] == "acknowledge"
    client.channel.close()  # nobody else is there to answer
    channel.send(output(b"once.", 0))
    answer = wire.parse_agent_message(channel.receive())
    assert answer["kind"] == "acknowledge" and json.loads(answer["payload"])["AcknowledgedMessageSequenceNumber"] == 0


def test_an_agent_that_alters_what_it_said_ends_the_session(plane, pair):
    client, channel = pair
    at_once(channel, output(b"one.", 0), output(b"two.", 0))
    assert "agent sent two different messages" in client.farewell()
    wait_until("the session's end", lambda: session_is(plane, client.session, "Failed"))
    assert [event["detail"]["sender"] for event in plane.events("--session", client.session) if event["kind"] == "session.altered"] == ["agent"]


def test_what_is_altered_after_it_was_acknowledged_reaches_nobody(pair):
    client, channel = pair
    channel.send(output(b"one.", 0))
    client.read_until("one.")
    assert wire.parse_agent_message(channel.receive())["kind"] == "acknowledge"
    channel.send(output(b"two.", 0))
    channel.send(output(b"three.", 1))
    assert client.read_until("three.") == "three."


@pytest.mark.parametrize("kind", ["channel_closed", "pause_publication", "interactive_shell", "input_stream_data", "agent_task_complete", "agent_task_acknowledge"])
def test_an_agent_cannot_speak_for_the_plane_or_the_client(pair, kind):
    client, channel = pair
    channel.send(wire.agent_message(kind, json.dumps({"SessionId": client.session, "Output": "over"}).encode(), payload_type=OUTPUT))
    channel.send(output(b"still here.", 0))
    client.read_until("still here.")


def test_a_session_state_that_is_not_json_costs_the_connection(pair):
    _, channel = pair
    channel.send(wire.agent_message("agent_session_state", b"{"))
    assert channel.closed().code == POLICY_VIOLATION


# ---- the control channel


@pytest.mark.sanitized
@pytest.mark.parametrize("message", cases(MALFORMED, {"a result that is not JSON": header(kind=b"agent_task_complete", payload=b"{"),
                                                      "a result that is a list": header(kind=b"agent_task_complete", payload=b"[]")}))
def test_garbage_on_a_control_channel_closes_it_with_a_reason(agent, control, message):
    control.send(message)
    end = control.closed()
    assert end.code == POLICY_VIOLATION and end.reason
    with agent.open_control() as again:
        again.send(wire.agent_message("agent_telemetry", b"{}"))


def test_a_control_message_above_the_limit_closes_the_channel(control):
    control.send_raw(control.frame(2, bytes(160 * 1024 + 1))[:14])
    assert control.closed().code == TOO_LARGE


def test_a_control_message_as_large_as_the_stock_agent_makes_it_is_taken(agent, control):
    control.send(wire.agent_message("agent_job_reply", bytes(142_000 - 120)))
    control.send(complete("nobody-00000000000000000", agent.id))
    assert wire.parse_agent_message(control.receive())["kind"] == "agent_task_acknowledge"


def test_a_result_for_a_session_of_another_host_is_acknowledged_and_changes_nothing(shell, agent, control):
    control.send(complete(shell.session, agent.id, output="over"))
    assert wire.parse_agent_message(control.receive())["kind"] == "agent_task_acknowledge"
    control.send(complete(shell.session, shell.target, output="over"))
    assert wire.parse_agent_message(control.receive())["kind"] == "agent_task_acknowledge"
    shell.ask_shell(12)


def test_a_result_that_is_said_twice_ends_the_session_once(plane, agent, control, pair):
    client, channel = pair
    for _ in range(2):
        control.send(complete(client.session, agent.id, "Failed", "the disk is gone"))
        assert wire.parse_agent_message(control.receive())["kind"] == "agent_task_acknowledge"
    channel.close()
    assert client.farewell() == "the disk is gone"
    wait_until("the session's end", lambda: session_is(plane, client.session, "Failed"))
    assert len([event for event in plane.events("--session", client.session) if event["kind"] == "session.end"]) == 1
