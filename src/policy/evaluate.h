#pragma once

// The decision: policies and a request in, allow or deny with its ground out. No clock, no store, no order
// that matters: the same policies and the same request always give the same outcome.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"
#include "policy/request.h"

namespace fumidai::policy {

// Where a policy comes from, and so what it can do. An identity policy grants (a resource policy too, to
// principals of the resource's account); a boundary, a session policy and an endpoint policy only limit; a
// trust policy decides alone, in decide_trust. Each can deny.
enum class Layer { identity, resource, boundary, session, endpoint, trust };

// As AWS calls it in a refusal: "identity-based policy", "permissions boundary", ...
std::string_view to_string(Layer layer);

struct PolicySet {
  std::vector<NamedPolicy> identity = {};  // inline, attached, and of groups
  std::vector<NamedPolicy> resource = {};
  // Each limits only when it is there. One that is there with no policy in it lets nothing through.
  std::optional<std::vector<NamedPolicy>> boundary = {}, session = {}, endpoint = {};
};

enum class Outcome { allow, implicit_deny, explicit_deny };

// The statement that made a decision.
struct Ground {
  Layer layer;
  std::string policy;     // its name in the NamedPolicy
  std::size_t statement;  // its number in the policy, from 1
  std::string sid;        // may be empty

  friend bool operator==(Ground const&, Ground const&) = default;
};

struct Decision {
  Outcome outcome;
  std::optional<Ground> ground;  // none for an implicit deny, nor where the account's root needs none
  std::vector<Layer>
      lacking;            // of an implicit deny: the layers that should have allowed, the first to name first
  std::string resource;   // which one was decided, where several were asked about
  std::size_t index = 0;  // of its request among them

  bool allowed() const { return outcome == Outcome::allow; }
};

Decision decide(PolicySet const& policies, Request const& request);

// For an action on several resources, one request each: allowed only if all are. An explicit deny goes before
// an implicit one. Nothing to decide is not allowed.
Decision decide_all(PolicySet const& policies, std::span<Request const> requests);

// Whether a role's trust policy lets the principal assume it. The caller's own policies are decided apart.
Decision decide_trust(NamedPolicy const& trust, Request const& request);

}  // namespace fumidai::policy
