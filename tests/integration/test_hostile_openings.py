"""How a channel may not be opened: the first message, its token, and whose channel it is."""

import json
import re

import pytest

from house import wire
from house.calm import stays_calm
from house.clock import SteerableClock
from house.plane import Plane
from house.played import PlayedAgent, PlayedClient, data_path, signed_headers, start_session
from house.programs import wait_until

POLICY_VIOLATION = 1008
REFUSED = "the token does not open this channel"


@pytest.fixture(autouse=True)
def calm(plane):
    with stays_calm(plane):
        yield


@pytest.fixture(scope="module")
def agents(plane):
    """Two played hosts with their control channels: each must keep to its own."""
    one, two = PlayedAgent(plane, "one"), PlayedAgent(plane, "two")
    one.control, two.control = one.open_control(), two.open_control()
    for each in (one, two):
        wait_until("the played agents are connected", lambda each=each: wire.call(plane, "AmazonSSM.GetConnectionStatus", {"Target": each.id})[1]["Status"] == "connected")
    yield one, two
    one.control.close()
    two.control.close()


@pytest.fixture
def session(plane, agents):
    one, _ = agents
    started = start_session(plane, one.id)
    assert one.next_order(one.control) == started["SessionId"]
    yield started
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": started["SessionId"]})


def refusal(plane, path, first, opcode=None):
    with wire.WebSocket(plane, path) as channel:
        assert channel.status == 101, channel.head
        channel.send(first, opcode)
        return channel.closed()


def still_opens(plane, session):
    """That the token is good for its own channel all the same."""
    with wire.WebSocket(plane, data_path(session["SessionId"])) as channel:
        channel.send(wire.open_message(session["TokenValue"]))
        channel.send_raw(channel.frame(9, b"alive"))  # answered by a channel that is open
        with pytest.raises(TimeoutError):
            channel.receive(0.15)


FIRST_MESSAGES = {
    "no token": json.dumps({"MessageSchemaVersion": "1.0", "RequestId": "r", "ClientId": "c"}),
    "an empty token": wire.open_message(""),
    "a null token": wire.open_message(None),
    "a number": wire.open_message(7),
    "a token that was made up": wire.open_message("c2Vzc2lvbg=="),
    "a token that is not base64": wire.open_message("%%%"),
    "a token of 8 KiB": wire.open_message("A" * 8000),
    "not JSON": "let me in",
    "an open brace": "{",
    "a list": "[]",
    "a deep list": "[" * 8000,
    "nothing": "",
    "a list, binary": b"[]",
    "noise": bytes(range(256)),
    "an AgentMessage": wire.agent_message("input_stream_data", b"x"),
    "9 KiB": wire.open_message("A" * 9000),
    "bytes that are not UTF-8": b'{"TokenValue":"\xff\xfe"}',
}


@pytest.mark.sanitized
@pytest.mark.parametrize("first", [pytest.param(value, id=name.replace(" ", "-")) for name, value in FIRST_MESSAGES.items()])
def test_a_first_message_without_a_good_token_is_refused(plane, session, first):
    end = refusal(plane, data_path(session["SessionId"]), first)
    assert (end.code, end.reason) == (POLICY_VIOLATION, REFUSED)
    still_opens(plane, session)


def test_a_first_message_of_a_megabyte_is_refused_before_it_is_read(plane, session):
    with wire.WebSocket(plane, data_path(session["SessionId"])) as channel:
        channel.send_raw(channel.frame(1, bytes(1 << 20))[:14])
        assert channel.closed().code == 1009
    still_opens(plane, session)


def test_a_token_opens_one_channel_once(plane, session):
    still_opens(plane, session)
    assert refusal(plane, data_path(session["SessionId"]), wire.open_message(session["TokenValue"])).reason == REFUSED


def test_a_token_of_another_session_is_refused(plane, agents, session):
    other = start_session(plane, agents[0].id)
    agents[0].next_order(agents[0].control)
    assert refusal(plane, data_path(session["SessionId"]), wire.open_message(other["TokenValue"])).reason == REFUSED
    still_opens(plane, other)
    still_opens(plane, session)
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": other["SessionId"]})


def test_a_token_that_was_tampered_with_is_refused(plane, session):
    token = session["TokenValue"]
    for at in (0, len(token) // 2, len(token) - 4):
        flipped = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
        assert refusal(plane, data_path(session["SessionId"]), wire.open_message(flipped)).reason == REFUSED
    still_opens(plane, session)


def test_a_client_cannot_pose_as_the_agent_nor_with_the_agents_token(plane, agents, session):
    path = data_path(session["SessionId"])
    assert refusal(plane, path, wire.open_message(session["TokenValue"], ClientInstanceId=agents[0].id)).reason == REFUSED
    _, token = agents[0].channel_token(path.partition("?")[0])
    assert refusal(plane, path, wire.open_message(token)).reason == REFUSED
    assert refusal(plane, path, wire.open_message(token, ClientInstanceId=agents[0].id)).reason == REFUSED
    _, control_token = agents[0].channel_token(f"/v1/control-channel/{agents[0].id}")
    assert refusal(plane, path, wire.open_message(control_token)).reason == REFUSED


def test_an_agent_cannot_pose_as_the_client(agents, session):
    with agents[0].open_data(session["SessionId"], token=session["TokenValue"]) as channel:
        assert channel.closed().reason == REFUSED


@pytest.mark.sanitized
def test_an_agent_gets_nothing_of_a_session_that_is_not_its_own(plane, agents, session):
    one, two = agents
    name = session["SessionId"]
    status, said = two.channel_token(f"/v1/data-channel/{name}")
    assert 400 <= status < 500 and "AccessDenied" in said and two.id in said
    _, token = one.channel_token(f"/v1/data-channel/{name}")
    for claims in (two.id, one.id):
        with two.open_data(name, token=token, claims=claims) as channel:
            assert channel.closed().reason == REFUSED
    (event,) = wait_until("the event", lambda: [each for each in plane.events("--outcome", "denied") if each["action"] == "ssmmessages:CreateDataChannel"])
    assert event["principal"].endswith(two.id) and event["resource"] == name
    still_opens(plane, session)


def test_an_agent_gets_no_control_channel_but_its_own(plane, agents):
    one, two = agents
    path = f"/v1/control-channel/{one.id}"
    status, said = two.channel_token(path)
    assert 400 <= status < 500 and "only that instance's own agent" in said
    with two.upgrade(path, "?role=subscribe&stream=input") as channel:
        assert channel.status == 400 and b"AccessDenied" in channel.head
    started = start_session(plane, one.id)  # which lost nothing by it
    assert one.next_order(one.control) == started["SessionId"]
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": started["SessionId"]})


def test_a_person_gets_no_agents_channel(plane, agents, session):
    for path in (f"/v1/control-channel/{agents[0].id}", f"/v1/data-channel/{session['SessionId']}"):
        headers = signed_headers(plane, "GET", path, wire.administrator(plane))
        with wire.WebSocket(plane, path, headers) as channel:
            assert channel.status == 400 and b"AccessDenied" in channel.head


@pytest.mark.parametrize("path", ["/v1/data-channel/", "/v1/data-channel/a/b", "/v1/data-channel/" + "a" * 200, "/v1/data-channel/%00", "/v1/data-channel/%2e%2e%2f",
                                  "/v1/data-channel/%zz", "/v1/control-channel/", "/v1/control-channel/mi-00000000000000000", "/v1/no-channel/x", "/"])
def test_a_path_that_names_no_channel_is_refused(plane, path):
    with wire.WebSocket(plane, path) as channel:
        if channel.status == 101:
            channel.send(wire.open_message("x"))
            assert channel.closed().code == POLICY_VIOLATION
        else:
            assert 400 <= channel.status < 500, channel.head


def test_refusals_are_counted_by_address_and_reason(own_plane):
    """One event a minute and address tells of them all; a plane that is stopped does not wait for the minute to be over."""
    for _ in range(100):
        refusal(own_plane, data_path("nobody-00000000000000000"), "x")
    own_plane.stop()
    own_plane.start()
    counted = [event for event in own_plane.events() if event["kind"] == "peer.refused"]
    assert [event["detail"]["count"] for event in counted] == [100]
    assert counted[0]["source"] == "127.0.0.1"


# ---- two agents with one identity


def test_of_two_agents_with_one_identity_the_newest_has_the_channel_and_the_other_is_told(plane):
    agent = PlayedAgent(plane, "twin")
    with agent.open_control() as first:
        wait_until("the first", lambda: wire.call(plane, "AmazonSSM.GetConnectionStatus", {"Target": agent.id})[1]["Status"] == "connected")
        with agent.open_control() as second:
            end = first.closed()
            assert (end.code, end.reason) == (4001, "a newer connection of this instance took its place")
            started = start_session(plane, agent.id)
            assert agent.next_order(second) == started["SessionId"]
            arrivals = [event for event in plane.events() if event["kind"] == "agent.connect" and event["resource"] == agent.id]
            assert [event["detail"]["replacedAnother"] for event in arrivals] == [True, False]
            assert "agent connected again while its old channel was open" in plane.log.read_text()
            wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": started["SessionId"]})


def test_the_newest_data_channel_of_a_role_is_the_one_that_counts(agents, session):
    one, _ = agents
    with one.open_data(session["SessionId"]) as first:
        first.send(wire.agent_message("agent_session_state", json.dumps({"SchemaVersion": 1, "SessionState": "Connected", "SessionId": session["SessionId"]}).encode(), flags=3))
        with one.open_data(session["SessionId"]):
            assert first.closed().reason == "a newer connection of this session took its place"


# ---- time


def test_a_token_expires_after_five_minutes(tmp_path):
    clock = SteerableClock(tmp_path)
    plane = Plane(tmp_path / "plane")
    plane.wrapper = clock.wrapper
    plane.start()
    try:
        agent = PlayedAgent(plane)
        with agent.open_control():
            wait_until("the agent", lambda: wire.call(plane, "AmazonSSM.GetConnectionStatus", {"Target": agent.id})[1]["Status"] == "connected")
            started = start_session(plane, agent.id)
            path = data_path(started["SessionId"])
            clock.set("+301s")
            assert refusal(plane, path, wire.open_message(started["TokenValue"])).reason == REFUSED
            clock.set("+299s")
            with wire.WebSocket(plane, path) as channel:
                channel.send(wire.open_message(started["TokenValue"]))
                assert re.search(rf"data channel open session={started['SessionId']} role=client", wait_until("the channel", lambda: "data channel open" in plane.log.read_text() and plane.log.read_text()))
    finally:
        plane.stop()
