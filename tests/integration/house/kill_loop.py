"""A server that is killed over and over while changes are made: what it acknowledged has to be there afterwards."""

import contextlib
import http.client
import random
import threading
import time
import uuid

from house import wire
from house.programs import wait_until


class Changes:
    """Makes changes from several threads, and remembers each that was acknowledged."""

    def __init__(self, plane, instance, threads=4):
        self.plane, self.instance = plane, instance
        self.administrator = wire.administrator(plane)
        self.activations, self.tags, self.users, self.refused = {}, {}, {}, []
        self._stop = threading.Event()
        self._turns = [threading.Lock() for _ in range(threads)]
        self._threads = [threading.Thread(target=self._make, args=(number,)) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def count(self):
        return len(self.activations) + len(self.tags) + len(self.users)

    def _call(self, target, body):
        status, answer = wire.call(self.plane, target, body, self.administrator)
        if status != 200:
            self.refused.append((target, status, answer))
            raise OSError(f"refused: {answer}")
        return answer

    def _make(self, number):
        kinds = [self._activation, self._tag, self._user]
        turn = self._turns[number]
        while not self._stop.is_set():
            try:
                with turn:
                    kinds[number % len(kinds)](uuid.uuid4().hex[:12])
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)  # killed; what was asked for may be there or not
            number += 1

    def _activation(self, mark):
        made = self._call("AmazonSSM.CreateActivation", {"IamRole": "SSMServiceRole", "Description": mark})
        self.activations[made["ActivationId"]] = mark

    def _tag(self, mark):
        # Of few keys, since an instance has 50 at most: the last one acknowledged counts, or one that was asked for later.
        key = f"{threading.get_ident()}"
        before = self.tags.get(key, [])
        self.tags[key] = before + [mark]
        self._call("AmazonSSM.AddTagsToResource", {"ResourceType": "ManagedInstance", "ResourceId": self.instance, "Tags": [{"Key": key, "Value": mark}]})
        self.tags[key] = [mark]

    def _user(self, mark):
        name = f"user-{mark}"
        status, _, answer = wire.request(self.plane, "POST", "/", f"Action=CreateUser&Version=2010-05-08&UserName={name}".encode(),
                                         {"Content-Type": "application/x-www-form-urlencoded"}, self.administrator, "iam")
        if status != 200:
            raise OSError(answer)
        status, _, answer = wire.request(self.plane, "POST", "/", f"Action=CreateAccessKey&Version=2010-05-08&UserName={name}".encode(),
                                         {"Content-Type": "application/x-www-form-urlencoded"}, self.administrator, "iam")
        if status != 200:
            raise OSError(answer)
        text = answer.decode()
        self.users[name] = tuple(text.partition(f"<{word}>")[2].partition(f"</{word}>")[0] for word in ("AccessKeyId", "SecretAccessKey"))

    def check(self):
        """That all of it is in the store; nothing is changed meanwhile."""
        with contextlib.ExitStack() as quiet:
            for turn in self._turns:
                quiet.enter_context(turn)
            self._check()

    def _check(self):
        found = {}
        request = {"MaxResults": 50}
        while True:
            page = self._call("AmazonSSM.DescribeActivations", request)
            found |= {each["ActivationId"]: each.get("Description") for each in page["ActivationList"]}
            if "NextToken" not in page:
                break
            request["NextToken"] = page["NextToken"]
        lost = {key: mark for key, mark in self.activations.items() if found.get(key) != mark}
        assert not lost, f"activations that were acknowledged and are gone: {lost}"
        tags = {each["Key"]: each["Value"] for each in self._call("AmazonSSM.ListTagsForResource", {"ResourceType": "ManagedInstance", "ResourceId": self.instance})["TagList"]}
        wrong = {key: (marks, tags.get(key)) for key, marks in self.tags.items() if tags.get(key) not in marks}
        assert not wrong, f"tags that were acknowledged and are gone: {wrong}"
        for name, key in list(self.users.items())[-3:]:
            status, _, answer = wire.request(self.plane, "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", {"Content-Type": "application/x-www-form-urlencoded"}, key, "sts")
            assert status == 200 and f"user/{name}<" in answer.decode(), answer


def run(plane, instance, rounds, seed=None):
    """Returns how many changes were acknowledged in all."""
    luck = random.Random(seed)
    changes = Changes(plane, instance)
    try:
        for _ in range(rounds):
            before = changes.count()
            wait_until("some changes", lambda before=before: changes.count() > before + 3)
            time.sleep(luck.uniform(0, 0.15))
            plane.kill()
            plane.start()
            changes.check()
            verified = plane.fumidai("audit", "verify")
            assert verified.returncode == 0, verified.stdout.decode()
    finally:
        changes.stop()
    changes.check()
    assert not changes.refused, changes.refused[:3]
    exported = plane.fumidai("audit", "export", seconds=60)
    assert exported.returncode == 0, exported.stderr.decode()
    told = exported.stdout.decode().count('"ssm:CreateActivation"')
    assert told >= len(changes.activations), f"{told} events tell of {len(changes.activations)} activations"
    return changes.count()
