"""fumidai compare on a plane without a lab: a row for what each method costs on AWS, and one for the same on Fumidai."""

import json

import pytest

METHODS = 4


@pytest.fixture(scope="module")
def vpc(plane):
    one = plane.aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
    plane.aws("ec2", "create-subnet", "--vpc-id", one, "--cidr-block", "10.0.0.0/24")
    return one


def compared(plane, *words):
    done = plane.fumidai("compare", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_each_method_has_what_it_is_on_fumidai(plane, vpc):
    (one,) = json.loads(compared(plane, "--vpc", vpc, "--json"))["Vpcs"]
    assert len(one["Methods"]) == METHODS
    for method in one["Methods"]:
        own = method["OnFumidai"]
        assert (own["MonthlyCost"], own["CostPerGigabyte"]) == ("0.00", "0.00") and own["Keys"] and own["Needs"]
        assert own["Needs"].startswith("the agent") is method["Agent"], "on the instance"
        assert not method["Agent"] or own["Keys"] == "none"


def test_people_see_it_below_the_price_of_aws(plane, vpc):
    lines = [line.strip() for line in compared(plane, "--vpc", vpc).splitlines()]
    months = [line for line in lines if line.startswith("on Fumidai, a month")]
    assert len(months) == METHODS and all("0.00 USD beyond the host that runs the plane" in line for line in months)
    assert [line.split(",")[0] for line in lines if line.startswith("on ")] == (["on AWS"] * 2 + ["on Fumidai"] * 4) * METHODS


def test_an_address_that_nobody_has_is_told_once(plane, vpc):
    plane.aws("ec2", "create-vpc", "--cidr-block", "10.1.0.0/16")
    address = plane.aws("ec2", "allocate-address", "--domain", "vpc")["AllocationId"]
    answer = json.loads(compared(plane, "--json"))
    assert len(answer["Vpcs"]) > 1 and not any(each["Idle"] for each in answer["Vpcs"])
    assert [part["Id"] for part in answer["Idle"]] == [address]
    people = compared(plane)
    assert people.count(f"{address}: ") == 1 and "costs money for nothing, and is of no VPC" in people
    assert address not in compared(plane, "--vpc", vpc)
    plane.aws("ec2", "release-address", "--allocation-id", address)


def test_markdown_is_a_table(plane, vpc):
    rows = [line for line in compared(plane, "--vpc", vpc, "--markdown").splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1
    named = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in rows}
    assert named["on Fumidai, a gigabyte"] == ["0.00 USD"] * METHODS
    assert len(set(named["on Fumidai, needs"])) == METHODS and all(named["on Fumidai, keys"])
