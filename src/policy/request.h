#pragma once

// One question for the policies: may this principal do this, to this?

#include <string>

#include "policy/context.h"
#include "policy/principal.h"

namespace fumidai::policy {

struct Request {
  Principal principal;
  std::string action;    // "ssm:StartSession"
  std::string resource;  // an ARN, or "*" for actions that have no resource
  Context context;       // keys of the resource included
};

}  // namespace fumidai::policy
