#pragma once

// What doctor says of an instance: each method to get into it, with all that it needs. In the words of the
// answer, beside the assessments that they were made from.

#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/method.h"

namespace fumidai::api {

struct HopDescription {
  std::string pass, id, reason;
  bool blocked = false;
  std::optional<std::string> cause;  // of a block, in a word that stays: "no-ingress-rule"
};
BOOST_DESCRIBE_STRUCT(HopDescription, (), (pass, id, reason, blocked, cause))

struct ObservationDescription {
  bool arrives = false;
  std::string how;
  bool disagrees = false;  // with the model
};
BOOST_DESCRIBE_STRUCT(ObservationDescription, (), (arrives, how, disagrees))

struct RequirementDescription {
  std::string need, subject;
  std::string standing;  // met, unmet, advice
  std::string reason;
  std::vector<std::string> mend;
  std::vector<HopDescription> hops;
  std::optional<ObservationDescription> observed;
};
BOOST_DESCRIBE_STRUCT(RequirementDescription, (), (need, subject, standing, reason, mend, hops, observed))

struct MethodDescription {
  std::string method;
  bool works = false;
  std::vector<RequirementDescription> requirements;
};
BOOST_DESCRIBE_STRUCT(MethodDescription, (), (method, works, requirements))

struct TargetDiagnosis {
  std::string instance_id, name;
  std::optional<std::string> vpc_id, subnet_id, private_ip_address;
  std::vector<MethodDescription> methods;
  std::int64_t untried = 0;  // of its ways and names, though there is a lab: they are too many
};
BOOST_DESCRIBE_STRUCT(TargetDiagnosis, (),
                      (instance_id, name, vpc_id, subnet_id, private_ip_address, methods, untried))

// "met", "unmet", "advice".
constexpr std::string_view word_of(network::Standing standing) {
  switch (standing) {
    case network::Standing::met: return "met";
    case network::Standing::unmet: return "unmet";
    case network::Standing::advice: return "advice";
  }
  return "";
}

// The need of who wants a port of an instance through its agent, which dials its own host.
inline constexpr std::string_view kPortNeed = "port";
// What stands where no endpoint leads to an instance, and the clients go by its own agent.
inline constexpr std::string_view kOtherWayNeed = "other way";

// An instance.
struct Judged {
  TargetDiagnosis diagnosis;
  std::vector<network::Assessment> assessments;
  std::optional<network::Path> way_of_agent;  // to the port that is wanted of its host
};

}  // namespace fumidai::api
