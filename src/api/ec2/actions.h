#pragma once

// The tables of EC2's actions, one a file.

#include "api/action.h"

namespace fumidai::api::ec2 {

std::vector<Action> vpc_actions();
std::vector<Action> subnet_actions();

}  // namespace fumidai::api::ec2
