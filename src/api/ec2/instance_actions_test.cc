#include "networks/instances.h"

#include <gtest/gtest.h>

#include <future>

#include "api/ec2/test_instances.h"
#include "base/bytes.h"

namespace fumidai::api::ec2 {
namespace {

class InstanceActions : public InstancesTest {};

TEST_F(InstanceActions, an_instance_is_described_as_it_was_launched) {
  auto answer = call("RunInstances", launch_at_top({{"KeyName", "key"},
                                                    {"InstanceType", "t3.small"},
                                                    {"IamInstanceProfile.Name", "ssm-profile"},
                                                    {"MetadataOptions.HttpTokens", "optional"},
                                                    {"TagSpecification.1.ResourceType", "instance"},
                                                    {"TagSpecification.1.Tag.1.Key", "Name"},
                                                    {"TagSpecification.1.Tag.1.Value", "web <1>"},
                                                    {"ClientToken", "once"}}));
  EXPECT_TRUE(text(answer, "reservationId").starts_with("r-")) << answer << said;
  EXPECT_NE(answer.find("<instanceState><code>0</code><name>pending</name></instanceState>"), answer.npos);
  auto id = text(answer, "instanceId");
  report([&](auto& state) { networks::started(state, InstanceId(id), clock.now()); });
  auto described = call("DescribeInstances", {{"InstanceId.1", id}});
  for (auto part : {"<code>16</code><name>running</name>", "<keyName>key</keyName>",
                    "<instanceType>t3.small</instanceType>", "<privateIpAddress>10.0.1.4</privateIpAddress>",
                    "<privateDnsName>ip-10-0-1-4.ec2.internal</privateDnsName>", "<dnsName></dnsName>",
                    "<item><key>Name</key><value>web &lt;1&gt;</value></item>", "<groupName>web</groupName>",
                    ":instance-profile/ops/ssm-profile</arn>", "<httpTokens>optional</httpTokens>",
                    "<clientToken>once</clientToken>"})
    EXPECT_NE(described.find(part), described.npos) << part << "\n" << described;
  EXPECT_EQ(described.find("<ipAddress>"), described.npos);
  EXPECT_EQ(text(described, "subnetId"), subnet);
}

TEST_F(InstanceActions, subnet_and_groups_may_be_at_the_interface) {
  Fields interface {
    {"NetworkInterface.1.DeviceIndex", "0"}, {"NetworkInterface.1.SubnetId", subnet},
        {"NetworkInterface.1.AssociatePublicIpAddress", "true"},
        {"NetworkInterface.1.SecurityGroupId.1", group}, {
      "NetworkInterface.1.PrivateIpAddress", "10.0.1.99"
    }
  };
  auto answer = call("RunInstances", launch(interface));
  EXPECT_EQ(text(answer, "ipAddress"), "203.0.113.10") << answer << said;
  EXPECT_EQ(text(answer, "privateIpAddress"), "10.0.1.99");
  // As the AWS CLI writes it.
  interface.back() = {"NetworkInterface.1.PrivateIpAddresses.1.PrivateIpAddress", "10.0.1.100"};
  EXPECT_EQ(text(call("RunInstances", launch(interface)), "privateIpAddress"), "10.0.1.100");
  interface.push_back({"SecurityGroupId.1", group});
  EXPECT_EQ(call("RunInstances", launch(interface)), "InvalidParameterCombination");
  EXPECT_EQ(
      said,
      "Network interfaces and an instance-level security groups may not be specified on the same request");
  interface.back() = {"SubnetId", subnet};
  EXPECT_EQ(call("RunInstances", launch(interface)), "InvalidParameterCombination");
}

TEST_F(InstanceActions, what_cannot_be_launched_says_why) {
  struct {
    Fields more;
    std::string error, why;
  } const cases[] = {
      {{{"IamInstanceProfile.Name", "nobody"}},
       "InvalidParameterValue",
       "Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"},
      {{{"IamInstanceProfile.Arn", "arn:aws:iam::1:instance-profile/ssm-profile"}},
       "InvalidParameterValue",
       "iamInstanceProfile.arn"},
      {{{"IamInstanceProfile.Name", "a"}, {"IamInstanceProfile.Arn", "b"}},
       "InvalidParameterCombination",
       ""},
      {{{"KeyName", "$(id)\n"}}, "InvalidKeyPair.NotFound", "'$(id)\\x0a'"},
      {{{"InstanceType", "t9.huge"}}, "InvalidInstanceType", ""},
      {{{"UserData", "?"}}, "InvalidParameterValue", "BASE64"},
      {{{"MetadataOptions.HttpTokens", "maybe"}}, "InvalidParameterValue", "(maybe)"},
      {{{"MetadataOptions.HttpPutResponseHopLimit", "65"}}, "InvalidParameterValue", "(65)"},
      {{{"SecurityGroup.1", "web"}}, "InvalidParameterCombination", "groupName"},
      {{{"TagSpecification.1.ResourceType", "vpc"},
        {"TagSpecification.1.Tag.1.Key", "a"},
        {"TagSpecification.1.Tag.1.Value", "b"}},
       "InvalidParameterValue",
       "'vpc' is not a valid taggable resource type for this operation."},
      {{{"DryRun", "true"}}, "DryRunOperation", ""},
  };
  for (auto const& [more, error, why] : cases) {
    EXPECT_EQ(call("RunInstances", launch_at_top(more)), error) << said;
    EXPECT_NE(said.find(why), said.npos) << said;
  }
  EXPECT_EQ(call("RunInstances", {{"MinCount", "1"}, {"MaxCount", "1"}}), "MissingParameter");
  EXPECT_EQ(call("RunInstances", {{"ImageId", image}, {"MinCount", "1"}}), "MissingParameter");
  plane->lab = nullptr;
  EXPECT_EQ(call("RunInstances", launch_at_top()), "UnsupportedOperation");
}

TEST_F(InstanceActions, the_image_is_described_as_the_lab_has_it) {
  auto described = call("DescribeImages", {});
  EXPECT_EQ(texts(described, "imageId"), std::vector{image});
  EXPECT_EQ(text(described, "name"), "my-image");
  EXPECT_EQ(text(described, "imageLocation"), "amazon/my-image");
  EXPECT_EQ(text(described, "description"), "The directory /my-image");
  EXPECT_EQ(text(described, "creationDate"), "2023-11-14T22:13:20.000Z");
  auto found = [&](std::string const& name) {
    return text(call("DescribeImages", {{"Filter.1.Name", "name"}, {"Filter.1.Value.1", name}}), "imageId");
  };
  EXPECT_EQ(found("my-*"), image);
  EXPECT_EQ(found("fumidai*"), "(none)");
  lab.made_of = Error{Errc::invalid, "the image /my-image is no directory"};
  call("DescribeImages", {});
  EXPECT_EQ(said, "the image /my-image is no directory");
  plane->lab = nullptr;
  EXPECT_EQ(found("fumidai*"), image);
}

TEST_F(InstanceActions, an_image_is_named_by_aws_parameter) {
  auto latest = [](std::string const& name) {
    return "resolve:ssm:/aws/service/ami-amazon-linux-latest/" + name;
  };
  auto run = [&](std::string const& image_id) {
    Fields fields{{"ImageId", image_id}, {"MinCount", "1"}, {"MaxCount", "1"}, {"SubnetId", subnet}};
    auto answer = call("RunInstances", fields);
    return answer.starts_with("<") ? text(answer, "imageId") : answer;
  };
  std::string own(networks::architecture()), other = own == "arm64" ? "x86_64" : "arm64";
  for (auto const& name : {"al2023-ami-kernel-default-" + own, "al2023-ami-minimal-kernel-default-" + own,
                           "al2023-ami-kernel-6.1-" + own, "amzn2-ami-hvm-" + own + "-gp2"})
    EXPECT_EQ(run(latest(name)), image) << name;
  for (auto const& name :
       {"al2023-ami-kernel-default-" + other, std::string("al2023-ami-kernel-default"), std::string(),
        "al2023-ami-kernel-default-" + own + ":1", std::string("../x\n`id`")})
    EXPECT_EQ(run(latest(name)), "InvalidParameterValue") << name;
  EXPECT_EQ(run("resolve:ssm:/aws/service/nothing"), "InvalidParameterValue");
  EXPECT_EQ(run("resolve:ssm:"), "InvalidParameterValue");
  EXPECT_EQ(run("resolve:"), "InvalidAMIID.Malformed");

  allow(R"({"Effect":"Allow","Action":"ec2:*","Resource":"*"})");
  EXPECT_EQ(run(image), image);
  EXPECT_EQ(run(latest("al2023-ami-kernel-default-" + own)), "UnauthorizedOperation");
}

TEST_F(InstanceActions, without_a_lab_mistakes_are_named_first_and_nothing_is_launched) {
  plane->lab = nullptr;
  auto code = [&](Fields more) { return call("RunInstances", launch_at_top(std::move(more))); };
  EXPECT_EQ(code({{"KeyName", "none"}}), "InvalidKeyPair.NotFound");
  EXPECT_EQ(code({{"UserData", std::string(1 << 20, 'A')}}), "InvalidParameterValue");
  EXPECT_EQ(code({{"ClientToken", "t"}}), "UnsupportedOperation");
  EXPECT_EQ(code({{"ClientToken", "t"}}), "UnsupportedOperation");
  EXPECT_EQ(text(call("DescribeInstances", {}), "instanceId"), "(none)");
  EXPECT_EQ(text(call("DescribeNetworkInterfaces", {}), "networkInterfaceId"), "(none)");
}

TEST_F(InstanceActions, only_a_clear_no_to_dry_run_changes_anything) {
  auto make = [&](std::string const& dry) { return call("CreateInternetGateway", {{"DryRun", dry}}); };
  for (auto yes : {"true", "True", "TRUE"}) EXPECT_EQ(make(yes), "DryRunOperation") << yes;
  for (auto what : {"", "1", "yes", "true "}) EXPECT_EQ(make(what), "InvalidParameterValue") << what;
  EXPECT_EQ(text(call("DescribeInternetGateways", {}), "internetGatewayId"), "(none)");
  EXPECT_NE(text(make("False"), "internetGatewayId"), "(none)");
}

TEST_F(InstanceActions, a_key_is_made_for_who_may_have_it) {
  auto made = call("CreateKeyPair", {{"KeyName", "rsa"}});
  EXPECT_TRUE(text(made, "keyMaterial").starts_with("-----BEGIN RSA PRIVATE KEY-----")) << said;
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "rsa"}}), "InvalidKeyPair.Duplicate");
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "x"}, {"KeyType", "dsa"}}), "InvalidParameterValue");
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "x"}, {"KeyFormat", "der"}}), "InvalidParameterValue");
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "x"}, {"DryRun", "true"}}), "DryRunOperation");
  EXPECT_EQ(call("CreateKeyPair", {}), "MissingParameter");
  allow(R"({"Effect":"Deny","Action":"ec2:CreateKeyPair","Resource":"*"})");
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "x"}}), "UnauthorizedOperation");
}

TEST_F(InstanceActions, a_key_that_would_wait_for_long_is_refused) {
  std::promise<void> enough;
  auto all = enough.get_future().share();
  for (int i = 0; i < 40; i++) worker.submit([all] { all.wait_for(std::chrono::seconds(5)); });
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "late"}}), "RequestLimitExceeded");
  allow(R"({"Effect":"Deny","Action":"ec2:CreateKeyPair","Resource":"*"})");
  EXPECT_EQ(call("CreateKeyPair", {{"KeyName", "x"}}), "UnauthorizedOperation") << "and waits for nothing";
  enough.set_value();
}

TEST_F(InstanceActions, a_key_is_made_for_putty) {
  for (std::string type : {"rsa", "ed25519"}) {
    auto made = call("CreateKeyPair", {{"KeyName", "my " + type}, {"KeyType", type}, {"KeyFormat", "ppk"}});
    auto begin =
        "PuTTY-User-Key-File-2: ssh-" + type + "\nEncryption: none\nComment: my " + type + "\nPublic-Lines: ";
    EXPECT_TRUE(text(made, "keyMaterial").starts_with(begin)) << said;
  }
}

TEST_F(InstanceActions, a_token_launches_once) {
  auto first = run({{"ClientToken", "once"}});
  EXPECT_EQ(run({{"ClientToken", "once"}}), first);
  EXPECT_NE(run({{"ClientToken", "twice"}}), first);
  EXPECT_EQ(call("RunInstances", launch_at_top({{"ClientToken", "once"}, {"InstanceType", "t3.small"}})),
            "IdempotentParameterMismatch");
}

TEST_F(InstanceActions, a_profile_takes_the_right_to_pass_its_role) {
  allow(R"({"Effect":"Allow","Action":"ec2:*","Resource":"*"})");
  EXPECT_TRUE(run().starts_with("i-"));
  EXPECT_EQ(call("RunInstances", launch_at_top({{"IamInstanceProfile.Name", "ssm-profile"}})),
            "UnauthorizedOperation");
  auto id = run();
  EXPECT_EQ(
      call("AssociateIamInstanceProfile", {{"InstanceId", id}, {"IamInstanceProfile.Name", "ssm-profile"}}),
      "UnauthorizedOperation");
  allow(
      R"({"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/ssm-role","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}})");
  EXPECT_TRUE(run({{"IamInstanceProfile.Name", "ssm-profile"}}).starts_with("i-")) << said;
}

TEST_F(InstanceActions, every_part_of_a_launch_is_judged) {
  auto parts = std::vector<std::string>{"image/*",  "instance/*",       "network-interface/*", "volume/*",
                                        "subnet/*", "security-group/*", "key-pair/key"};
  auto policy = [&](std::string const& without) {
    std::string resources;
    for (auto const& part : parts) {
      if (part != without)
        resources += (resources.empty() ? "\"" : ",\"") + ("arn:aws:ec2:*:*:" + part) + "\"";
    }
    return R"({"Effect":"Allow","Action":"ec2:RunInstances","Resource":[)" + resources + "]}";
  };
  for (auto const& part : parts) {
    allow(policy(part));
    EXPECT_EQ(call("RunInstances", launch_at_top({{"KeyName", "key"}})), "UnauthorizedOperation") << part;
  }
  allow(policy(""));
  EXPECT_TRUE(run({{"KeyName", "key"}}).starts_with("i-")) << said;
  EXPECT_EQ(call("RunInstances", launch_at_top({{"TagSpecification.1.ResourceType", "instance"},
                                                {"TagSpecification.1.Tag.1.Key", "a"},
                                                {"TagSpecification.1.Tag.1.Value", "b"}})),
            "UnauthorizedOperation");  // takes ec2:CreateTags
}

TEST_F(InstanceActions, tags_of_a_launch_are_judged_by_what_they_are) {
  allow(
      R"({"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"},
         {"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*",
          "Condition":{"StringEquals":{"aws:RequestTag/Env":"dev"},"ForAllValues:StringEquals":{"aws:TagKeys":["Env"]}}})");
  auto tagged = [&](std::string const& type, std::string const& key, std::string const& value) {
    return call("RunInstances", launch_at_top({{"TagSpecification.1.ResourceType", type},
                                               {"TagSpecification.1.Tag.1.Key", key},
                                               {"TagSpecification.1.Tag.1.Value", value}}));
  };
  for (auto const* type : {"instance", "network-interface"}) {
    EXPECT_EQ(tagged(type, "Env", "prod"), "UnauthorizedOperation") << type;
    EXPECT_EQ(tagged(type, "Team", "a"), "UnauthorizedOperation") << type;
    EXPECT_NE(tagged(type, "Env", "dev").find("<instanceId>"), std::string::npos) << said;
  }
}

TEST_F(InstanceActions, states_are_told_before_and_now) {
  auto id = run();
  Fields these{{"InstanceId.1", id}};
  EXPECT_EQ(call("StopInstances", these), "IncorrectInstanceState");
  report([&](auto& state) { networks::started(state, InstanceId(id), clock.now()); });
  EXPECT_NE(call("RebootInstances", these).find("<return>true</return>"), std::string::npos);
  auto stopped = call("StopInstances", these);
  EXPECT_NE(stopped.find("<currentState><code>64</code><name>stopping</name></currentState>"), stopped.npos);
  EXPECT_NE(stopped.find("<previousState><code>16</code><name>running</name></previousState>"), stopped.npos);
  EXPECT_EQ(text(call("DescribeInstanceStatus", {}), "instanceId"), "(none)");
  EXPECT_EQ(text(call("DescribeInstanceStatus", {{"IncludeAllInstances", "true"}}), "instanceId"), id);
  report([&](auto& state) { networks::stopped(state, InstanceId(id), clock.now()); });
  EXPECT_EQ(texts(call("StartInstances", these), "name"), (std::vector<std::string>{"pending", "stopped"}));
  EXPECT_EQ(texts(call("TerminateInstances", these), "name"),
            (std::vector<std::string>{"shutting-down", "pending"}));
  report([&](auto& state) { networks::terminated(state, InstanceId(id), clock.now()); });
  EXPECT_EQ(texts(call("TerminateInstances", these), "name"),
            (std::vector<std::string>{"terminated", "terminated"}));
  auto described = call("DescribeInstances", these);
  EXPECT_NE(described.find("<name>terminated</name>"), described.npos);
  EXPECT_EQ(described.find("<subnetId>"), described.npos);
  EXPECT_EQ(text(described, "networkInterfaceSet"), "");
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(call("DescribeInstances", these), "InvalidInstanceID.NotFound");
  EXPECT_EQ(call("TerminateInstances", these), "InvalidInstanceID.NotFound");
}

TEST_F(InstanceActions, a_stop_may_be_by_force) {
  auto id = run();
  report([&](auto& state) { networks::started(state, InstanceId(id), clock.now()); });
  call("StopInstances", {{"InstanceId.1", id}, {"Force", "true"}});
  report([&](auto& state) { EXPECT_TRUE(state.launches.find(InstanceId(id))->stops_by_force); });
}

TEST_F(InstanceActions, without_a_lab_they_end_at_once_and_begin_never) {
  auto id = run(), starting = run();
  report([&](auto& state) { networks::started(state, InstanceId(id), clock.now()); });
  plane->lab = nullptr;
  auto state_of = [&](std::string const& which) {
    auto described = call("DescribeInstances", {{"InstanceId.1", which}});
    return text(text(described, "instanceState"), "name");
  };
  Fields these{{"InstanceId.1", id}};
  EXPECT_EQ(call("RebootInstances", these), "UnsupportedOperation");
  EXPECT_EQ(texts(call("StopInstances", these), "name"), (std::vector<std::string>{"stopping", "running"}));
  EXPECT_EQ(state_of(id), "stopped");
  EXPECT_EQ(call("StartInstances", these), "UnsupportedOperation");
  EXPECT_NE(said.find("fumidai server --lab"), said.npos) << said;
  EXPECT_EQ(state_of(id), "stopped");
  call("TerminateInstances", {{"InstanceId.1", id}, {"InstanceId.2", starting}});
  EXPECT_EQ(state_of(id), "terminated");
  EXPECT_EQ(state_of(starting), "terminated");
  EXPECT_EQ(text(call("DescribeNetworkInterfaces", {}), "networkInterfaceId"), "(none)");
}

TEST_F(InstanceActions, they_are_found_and_come_in_pages_by_reservation) {
  auto seven =
      call("RunInstances", {{"ImageId", image}, {"MinCount", "7"}, {"MaxCount", "7"}, {"SubnetId", subnet}});
  auto reservation = text(seven, "reservationId");
  auto other = run({{"KeyName", "key"}});
  auto page =
      call("DescribeInstances",
           {{"MaxResults", "5"}, {"Filter.1.Name", "reservation-id"}, {"Filter.1.Value.1", reservation}});
  EXPECT_EQ(texts(page, "instanceId").size(), 5u);
  EXPECT_EQ(texts(page, "reservationId").size(), 1u);
  auto rest = call("DescribeInstances", {{"MaxResults", "5"},
                                         {"Filter.1.Name", "reservation-id"},
                                         {"Filter.1.Value.1", reservation},
                                         {"NextToken", text(page, "nextToken")}});
  EXPECT_EQ(texts(rest, "instanceId").size(), 2u);
  EXPECT_EQ(texts(rest, "nextToken").size(), 0u);
  struct {
    char const* name;
    std::string value;
    std::size_t count;
  } const filters[] = {
      {"instance-id", other, 1},
      {"key-name", "key", 1},
      {"instance.group-id", group, 1},
      {"instance.group-name", "default", 7},
      {"network-interface.group-id", group, 1},
      {"network-interface.addresses.private-ip-address", "10.0.1.4", 1},
      {"owner-id", "*", 8},
      {"tenancy", "default", 8},
      {"tenancy", "dedicated", 0},
      {"vpc-id", vpc, 8},
      {"subnet-id", subnet, 8},
      {"instance-state-name", "pend*", 8},
      {"instance-state-code", "16", 0},
      {"private-ip-address", "10.0.1.4", 1},
      {"ip-address", "*", 0},
      {"image-id", image, 8},
      {"tag-key", "Name", 0},
  };
  for (auto const& [name, value, count] : filters) {
    auto found = call("DescribeInstances", {{"Filter.1.Name", name}, {"Filter.1.Value.1", value}});
    EXPECT_EQ(texts(found, "instanceId").size(), count) << name << found;
  }
  EXPECT_EQ(call("DescribeInstances", {{"Filter.1.Name", "colour"}, {"Filter.1.Value.1", "red"}}),
            "InvalidParameterValue");
}

TEST_F(InstanceActions, attributes_are_seen_and_changed) {
  auto data = to_base64(as_bytes("#!/bin/sh"));
  auto id = run({{"UserData", data}});
  auto attribute = [&](std::string const& name) {
    return call("DescribeInstanceAttribute", {{"InstanceId", id}, {"Attribute", name}});
  };
  auto change = [&](std::string const& name, std::string const& value) {
    auto answer = call("ModifyInstanceAttribute", {{"InstanceId", id}, {name, value}});
    return answer.starts_with("<?xml") ? "" : answer;
  };
  EXPECT_NE(attribute("userData").find("<userData><value>" + data + "</value></userData>"),
            std::string::npos);
  EXPECT_EQ(change("DisableApiTermination.Value", "true"), "");
  EXPECT_NE(attribute("disableApiTermination").find("<value>true</value>"), std::string::npos);
  EXPECT_EQ(call("TerminateInstances", {{"InstanceId.1", id}}), "OperationNotPermitted");
  EXPECT_EQ(call("ModifyInstanceAttribute",
                 {{"InstanceId", id}, {"Attribute", "disableApiTermination"}, {"Value", "false"}})
                .substr(0, 5),
            "<?xml");
  EXPECT_EQ(change("SourceDestCheck.Value", "false"), "");
  EXPECT_NE(attribute("sourceDestCheck").find("<value>false</value>"), std::string::npos);
  EXPECT_EQ(change("InstanceType.Value", "t3.small"), "IncorrectInstanceState");
  EXPECT_EQ(change("GroupId.1", "sg-0123456789abcdef0"), "InvalidGroup.NotFound");
  EXPECT_EQ(change("Nothing", "1"), "InvalidParameterCombination");
  EXPECT_EQ(attribute("colour"), "InvalidParameterValue");
  for (auto name : {"instanceType", "groupSet", "rootDeviceName", "instanceInitiatedShutdownBehavior",
                    "disableApiStop", "ebsOptimized", "enaSupport", "kernel", "ramdisk", "sriovNetSupport",
                    "blockDeviceMapping", "productCodes"})
    EXPECT_NE(attribute(name).find(std::string("<") + name), std::string::npos) << name;
  auto options =
      call("ModifyInstanceMetadataOptions",
           {{"InstanceId", id}, {"HttpEndpoint", "disabled"}, {"InstanceMetadataTags", "enabled"}});
  EXPECT_EQ(text(options, "httpEndpoint"), "disabled");
  EXPECT_EQ(text(options, "httpTokens"), "required");
}

TEST_F(InstanceActions, a_console_is_whatever_the_lab_knows_of_it) {
  Fields fields{{"InstanceId", run()}};
  EXPECT_EQ(text(call("GetConsoleOutput", fields), "output"), "");
  lab.console = "login: ";
  EXPECT_EQ(text(call("GetConsoleOutput", fields), "output"), to_base64(as_bytes("login: ")));
}

TEST_F(InstanceActions, profiles_come_and_go) {
  auto id = run();
  auto answer =
      call("AssociateIamInstanceProfile", {{"InstanceId", id}, {"IamInstanceProfile.Name", "ssm-profile"}});
  auto association = text(answer, "associationId");
  EXPECT_EQ(text(answer, "state"), "associating") << said;
  auto arn = text(answer, "arn");
  EXPECT_TRUE(text(answer, "id").starts_with("AIPA"));
  EXPECT_EQ(call("AssociateIamInstanceProfile", {{"InstanceId", id}, {"IamInstanceProfile.Arn", arn}}),
            "IncorrectState");
  auto replaced = call("ReplaceIamInstanceProfileAssociation",
                       {{"AssociationId", association}, {"IamInstanceProfile.Arn", arn}});
  EXPECT_NE(text(replaced, "associationId"), association);
  association = text(replaced, "associationId");
  auto listed = call("DescribeIamInstanceProfileAssociations",
                     {{"Filter.1.Name", "instance-id"}, {"Filter.1.Value.1", id}});
  EXPECT_EQ(text(listed, "associationId"), association);
  EXPECT_EQ(text(listed, "state"), "associated");
  EXPECT_EQ(text(call("DisassociateIamInstanceProfile", {{"AssociationId", association}}), "state"),
            "disassociating");
  EXPECT_EQ(call("DisassociateIamInstanceProfile", {{"AssociationId", association}}),
            "InvalidAssociationID.NotFound");
  EXPECT_EQ(call("DescribeIamInstanceProfileAssociations", {{"AssociationId.1", association}}),
            "InvalidAssociationID.NotFound");
}

}  // namespace
}  // namespace fumidai::api::ec2
