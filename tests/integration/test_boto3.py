"""Debian's own boto3, with nothing but the environment that `fumidai env` prints: every operation of Session Manager, its pages and its errors."""

import boto3
import botocore
import pytest

from house.played import PlayedClient
from house.programs import wait_until


@pytest.fixture(scope="module")
def ssm(plane):
    return plane.boto3("ssm")


def test_the_versions_are_those_of_the_system():
    assert boto3.__file__.startswith("/usr/lib/python3/dist-packages/")
    print(f"boto3 {boto3.__version__}, botocore {botocore.__version__}")


def test_the_caller_is_the_administrator(plane):
    assert plane.boto3("sts").get_caller_identity()["Arn"].endswith(":user/administrator")


def test_an_activation_is_made_listed_and_deleted(ssm):
    made = ssm.create_activation(IamRole="SSMServiceRole", Description="by boto3", RegistrationLimit=2, Tags=[{"Key": "team", "Value": "web"}])
    pages = ssm.get_paginator("describe_activations").paginate(Filters=[{"FilterKey": "ActivationIds", "FilterValues": [made["ActivationId"]]}], PaginationConfig={"PageSize": 1})
    (listed,) = [each for page in pages for each in page["ActivationList"]]
    assert (listed["Description"], listed["RegistrationLimit"], listed["Expired"], listed["Tags"]) == ("by boto3", 2, False, [{"Key": "team", "Value": "web"}])
    assert listed["ExpirationDate"] > listed["CreatedDate"], "times are times"
    ssm.delete_activation(ActivationId=made["ActivationId"])
    with pytest.raises(ssm.exceptions.InvalidActivation):
        ssm.delete_activation(ActivationId=made["ActivationId"])


def test_a_host_is_listed_tagged_and_connected(ssm, host):
    pages = ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 5})
    assert host.id in [each["InstanceId"] for page in pages for each in page["InstanceInformationList"]]
    assert ssm.get_connection_status(Target=host.id)["Status"] == "connected"
    this = {"ResourceType": "ManagedInstance", "ResourceId": host.id}
    ssm.add_tags_to_resource(**this, Tags=[{"Key": "by", "Value": "boto3"}])
    assert {"Key": "by", "Value": "boto3"} in ssm.list_tags_for_resource(**this)["TagList"]
    ssm.remove_tags_from_resource(**this, TagKeys=["by"])
    assert "by" not in [tag["Key"] for tag in ssm.list_tags_for_resource(**this)["TagList"]]


def test_a_session_is_started_used_resumed_and_ended(plane, ssm, host):
    started = ssm.start_session(Target=host.id, Reason="by boto3")
    with PlayedClient(plane, host.id, started) as client:
        client.ask_shell(1)
        resumed = ssm.resume_session(SessionId=started["SessionId"])
        assert resumed["TokenValue"] and resumed["TokenValue"] != started["TokenValue"]
        (listed,) = ssm.describe_sessions(State="Active", Filters=[{"key": "SessionId", "value": started["SessionId"]}])["Sessions"]
        assert (listed["Target"], listed["Reason"]) == (host.id, "by boto3")
        assert ssm.terminate_session(SessionId=started["SessionId"])["SessionId"] == started["SessionId"]
    by_id = {"key": "SessionId", "value": started["SessionId"]}
    (over,) = wait_until("the history", lambda: ssm.describe_sessions(State="History", Filters=[by_id])["Sessions"])
    assert over["Status"] == "Terminated" and over["EndDate"] >= over["StartDate"]
    assert ssm.describe_sessions(State="History", Filters=[by_id, {"key": "AccessType", "value": "Standard"}])["Sessions"]
    assert not ssm.describe_sessions(State="History", Filters=[by_id, {"key": "AccessType", "value": "JustInTime"}])["Sessions"]


def test_a_host_is_deregistered(own_plane, own_host):
    ssm = own_plane.boto3("ssm")
    ssm.deregister_managed_instance(InstanceId=own_host.id)
    assert not ssm.describe_instance_information()["InstanceInformationList"]
    assert ssm.get_connection_status(Target=own_host.id)["Status"] == "notconnected"


def test_an_error_is_the_exception_of_its_name(ssm):
    with pytest.raises(ssm.exceptions.TargetNotConnected):
        ssm.start_session(Target="mi-00000000000000000")
    with pytest.raises(ssm.exceptions.InvalidInstanceId):
        ssm.deregister_managed_instance(InstanceId="mi-00000000000000000")
    with pytest.raises(ssm.exceptions.InvalidFilterKey):
        ssm.describe_instance_information(Filters=[{"Key": "Colour", "Values": ["red"]}])
