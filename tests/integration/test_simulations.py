"""SimulatePrincipalPolicy and SimulateCustomPolicy, as AWS's tools ask: what policies would say, before anybody tries."""

import json

import pytest

TARGET = "arn:aws:ec2:us-east-1:{}:instance/i-0123456789abcdef0"
BY_TAG = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "arn:aws:ec2:*:*:instance/*", "Condition": {"StringEquals": {"ssm:resourceTag/Env": "dev"}}}
NEVER = {"Effect": "Deny", "Action": "ec2:Terminate*", "Resource": "*"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def context(name, *values):
    return f"ContextKeyName={name},ContextKeyValues={','.join(values)},ContextKeyType=string"


@pytest.fixture(scope="module")
def account(plane):
    return plane.aws("sts", "get-caller-identity")["Account"]


@pytest.fixture(scope="module")
def alice(plane, account):
    plane.make_user("alice", BY_TAG, NEVER)
    plane.aws("iam", "attach-user-policy", "--user-name", "alice", "--policy-arn", "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")
    return f"arn:aws:iam::{account}:user/alice"


def simulate(plane, arn, *words, **more):
    return plane.aws("iam", "simulate-principal-policy", "--policy-source-arn", arn, *words, **more)["EvaluationResults"]


def test_each_decision_says_which_policy_made_it(plane, account, alice):
    words = ("--action-names", "ssm:StartSession", "ec2:TerminateInstances", "ec2:DescribeVpcs", "--resource-arns", TARGET.format(account), "*", "--context-entries", context("ssm:resourceTag/Env", "dev"))
    found = {(each["EvalActionName"], each["EvalResourceName"]): each for each in simulate(plane, alice, *words)}
    assert len(found) == 6
    mine = [{"SourcePolicyId": "user_alice_test", "SourcePolicyType": "user"}]
    started = found["ssm:StartSession", TARGET.format(account)]
    assert (started["EvalDecision"], started["MatchedStatements"], started["MissingContextValues"]) == ("allowed", mine, [])
    ended = found["ec2:TerminateInstances", TARGET.format(account)]
    assert (ended["EvalDecision"], ended["MatchedStatements"]) == ("explicitDeny", mine)
    described = found["ec2:DescribeVpcs", "*"]
    assert (described["EvalDecision"], described["MatchedStatements"]) == ("allowed", [{"SourcePolicyId": "AmazonEC2ReadOnlyAccess", "SourcePolicyType": "aws-managed"}])
    assert (found["ssm:StartSession", "*"]["EvalDecision"], found["ssm:StartSession", "*"]["MatchedStatements"]) == ("implicitDeny", [])


def test_keys_that_nobody_told_are_named(plane, account, alice):
    (found,) = simulate(plane, alice, "--action-names", "ssm:StartSession", "--resource-arns", TARGET.format(account))
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", ["ssm:resourceTag/Env"])
    (found,) = simulate(plane, alice, "--action-names", "ssm:StartSession", "--resource-arns", TARGET.format(account), "--context-entries", context("ssm:resourceTag/Env", "prod"))
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", [])


def test_a_simulation_is_what_happens(plane, alice):
    (found,) = simulate(plane, alice, "--action-names", "ec2:CreateVpc")
    assert found["EvalDecision"] == "implicitDeny"
    assert "(UnauthorizedOperation)" in plane.refused("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16", user="alice")
    (found,) = simulate(plane, alice, "--action-names", "ec2:CreateVpc", "--policy-input-list", document({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}))
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("allowed", [{"SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "none"}])
    plane.set_policy("alice", BY_TAG, NEVER, {"Effect": "Allow", "Action": "ec2:CreateVpc", "Resource": "*"})
    (found,) = simulate(plane, alice, "--action-names", "ec2:CreateVpc")
    assert found["EvalDecision"] == "allowed"
    plane.aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16", user="alice")
    plane.set_policy("alice", BY_TAG, NEVER)


def test_a_boundary_only_limits(plane, alice):
    only_ssm = document({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})
    (found,) = simulate(plane, alice, "--action-names", "ec2:DescribeVpcs", "--permissions-boundary-policy-input-list", only_ssm)
    assert (found["EvalDecision"], found["PermissionsBoundaryDecisionDetail"]) == ("implicitDeny", {"AllowedByPermissionsBoundary": False})


def test_a_role_is_simulated_too(plane, account):
    (found,) = simulate(plane, f"arn:aws:iam::{account}:role/SSMServiceRole", "--action-names", "ssm:UpdateInstanceInformation")
    assert found["EvalDecision"] == "allowed" and found["MatchedStatements"] == [{"SourcePolicyId": "AmazonSSMManagedInstanceCore", "SourcePolicyType": "aws-managed"}]


def test_documents_are_tried_before_they_are_stored(plane):
    own = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"})
    words = ("iam", "simulate-custom-policy", "--policy-input-list", own, "--action-names", "s3:GetObject", "--resource-arns", "arn:aws:s3:::home/hana/notes")
    assert plane.aws(*words, "--context-entries", context("aws:username", "hana"))["EvaluationResults"][0]["EvalDecision"] == "allowed"
    assert plane.aws(*words, "--context-entries", context("aws:username", "*"))["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"
    assert plane.aws(*words)["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"


def test_results_come_in_pages(plane, alice):
    client = plane.boto3("iam")
    actions = [f"ec2:Describe{number}" for number in range(25)]
    pages = list(client.get_paginator("simulate_principal_policy").paginate(PolicySourceArn=alice, ActionNames=actions, PaginationConfig={"PageSize": 10}))
    assert [len(page["EvaluationResults"]) for page in pages] == [10, 10, 5]
    assert [each["EvalActionName"] for page in pages for each in page["EvaluationResults"]] == actions


def test_what_cannot_be_simulated_says_why(plane, account, alice):
    base = ("iam", "simulate-principal-policy", "--action-names", "ec2:CreateVpc", "--policy-source-arn")
    for words, code in (((*base, f"arn:aws:iam::{account}:user/nobody"), "NoSuchEntity"), ((*base, f"arn:aws:iam::{account}:user/ops/alice"), "NoSuchEntity"), ((*base, f"arn:aws:iam::{account}:group/all"), "NoSuchEntity"),
                        ((*base, "arn:aws:iam::999999999999:user/alice"), "NoSuchEntity"), ((*base, alice, "--policy-input-list", "{"), "InvalidInput"), ((*base, alice, "--caller-arn", f"arn:aws:iam::{account}:user/bob"), "InvalidInput"),
                        ((*base, alice, "--resource-handling-option", "EC2-VPC-InstanceStore"), "InvalidInput"), (("iam", "simulate-principal-policy", "--policy-source-arn", alice, "--action-names", "ec2:*"), "InvalidInput"),
                        (("iam", "simulate-principal-policy", "--policy-source-arn", alice, "--action-names", "CreateVpc"), "InvalidInput"),
                        (("iam", "simulate-custom-policy", "--policy-input-list", "no policy", "--action-names", "ec2:CreateVpc"), "InvalidInput")):
        assert f"({code})" in plane.refused(*words), words


def test_it_takes_the_right_to_ask(plane, account, alice):
    plane.make_user("bob", {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": f"arn:aws:iam::{account}:user/bob"})
    assert simulate(plane, f"arn:aws:iam::{account}:user/bob", "--action-names", "ec2:CreateVpc", user="bob")[0]["EvalDecision"] == "implicitDeny"
    assert "(AccessDenied)" in plane.refused("iam", "simulate-principal-policy", "--policy-source-arn", alice, "--action-names", "ec2:CreateVpc", user="bob")
