"""What is left of a session, and where: in the lists of the plane, in its trail, among the processes."""

import os
import signal
from pathlib import Path

from house import wire
from house.programs import wait_until


def described(plane, session):
    """The session as DescribeSessions tells it, whether it is active or over."""
    for state in ("Active", "History"):
        status, answer = wire.call(plane, "AmazonSSM.DescribeSessions", {"State": state, "Filters": [{"key": "SessionId", "value": session}]})
        assert status == 200, answer
        if answer["Sessions"]:
            return answer["Sessions"][0]
    return None


def active(plane):
    return [each["SessionId"] for each in wire.call(plane, "AmazonSSM.DescribeSessions", {"State": "Active"})[1]["Sessions"]]


def wait_for_status(plane, session, status, seconds=20):
    return wait_until(f"the session is {status}", lambda: (found := described(plane, session)) and found["Status"] == status and found, seconds)


def wait_for_host(plane, instance, seconds=20):
    """Until sessions can be started on it."""

    def is_up():
        listed = wire.call(plane, "AmazonSSM.DescribeInstanceInformation", {"Filters": [{"Key": "InstanceIds", "Values": [instance]}]})[1]
        is_online = any(each["PingStatus"] == "Online" for each in listed["InstanceInformationList"])
        return is_online and wire.call(plane, "AmazonSSM.GetConnectionStatus", {"Target": instance})[1]["Status"] == "connected"

    wait_until("the host is connected", is_up, seconds)


def newest(plane, known=()):
    """The session that was started last, among those that are active and not known yet."""
    return wait_until("the session", lambda: [each for each in active(plane) if each not in known])[0]


def processes(session):
    """What runs in the session on its host: the shell or the command, and all that they started."""
    mark = f"FUMIDAI_SESSION_ID={session}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def is_gone(session, seconds=10):
    wait_until("nothing of the session is left on its host", lambda: not processes(session), seconds)


def worker(session):
    """The process that serves the session; None when there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[:2] == ["fumidai-agent-session", session]:
            return int(process.name)
    return None


def kill_worker(session):
    os.kill(wait_until("the session's process", lambda: worker(session)), signal.SIGKILL)


def ends(plane, session):
    """The events of the trail that tell of the session's end."""
    return [event for event in plane.events("--session", session) if event["kind"] == "session.end"]
