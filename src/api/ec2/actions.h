#pragma once

// The tables of EC2's actions, one a file.

#include "api/action.h"

namespace fumidai::api::ec2 {

std::vector<Action> vpc_actions();
std::vector<Action> subnet_actions();
std::vector<Action> security_group_actions();
std::vector<Action> security_rule_actions();
std::vector<Action> key_pair_actions();
std::vector<Action> vpc_endpoint_actions();
std::vector<Action> connect_endpoint_actions();
std::vector<Action> image_actions();
std::vector<Action> run_instances_actions();
std::vector<Action> instance_actions();
std::vector<Action> instance_attribute_actions();
std::vector<Action> profile_association_actions();
std::vector<Action> internet_gateway_actions();
std::vector<Action> route_table_actions();
std::vector<Action> address_actions();
std::vector<Action> nat_gateway_actions();
std::vector<Action> interface_actions();
std::vector<Action> network_acl_actions();
std::vector<Action> region_actions();
std::vector<Action> tag_actions();

}  // namespace fumidai::api::ec2
