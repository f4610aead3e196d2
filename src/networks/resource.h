#pragma once

// The kinds of things that EC2 knows by an id: how ids look, and the words for what is wrong with one
// (api-surface.md 1.1, with its traps of spelling).

#include <optional>
#include <string>
#include <string_view>

#include "networks/state.h"

namespace fumidai::networks {

struct Kind {
  std::string_view prefix;     // "vpc-"
  std::string_view type;       // as tags and ARNs call it: "vpc"
  std::string_view words;      // in sentences: "vpc"
  std::string_view malformed;  // names of errors; empty where AWS has none
  std::string_view not_found;
};

extern Kind const kVpc, kSubnet, kRouteTable, kInternetGateway, kNatGateway, kAllocation, kSecurityGroup,
    kSecurityRule, kNetworkInterface, kNetworkAcl, kInterfaceEndpoint, kConnectEndpoint, kInstance, kKeyPair,
    kImage, kAddressAssociation, kTableAssociation, kProfileAssociation;

// By the beginning of an id; null for what has no tags here.
Kind const* kind_of(std::string_view id);

// 17 digits, new.
std::string new_id(Kind const& kind);
// Errors: invalid with the kind's name for malformed ids.
Result<void> check_id(Kind const& kind, std::string_view id);
Error not_found(Kind const& kind, std::string_view id);
Error not_found(Kind const& kind, std::vector<std::string> const& ids);  // of one or more

template <class Value>
struct KindOf;
template <>
struct KindOf<network::Vpc> {
  static constexpr Kind const& kKind = kVpc;
};
template <>
struct KindOf<network::Subnet> {
  static constexpr Kind const& kKind = kSubnet;
};
template <>
struct KindOf<network::RouteTable> {
  static constexpr Kind const& kKind = kRouteTable;
};
template <>
struct KindOf<network::InternetGateway> {
  static constexpr Kind const& kKind = kInternetGateway;
};
template <>
struct KindOf<network::NatGateway> {
  static constexpr Kind const& kKind = kNatGateway;
};
template <>
struct KindOf<network::ElasticAddress> {
  static constexpr Kind const& kKind = kAllocation;
};
template <>
struct KindOf<network::SecurityGroup> {
  static constexpr Kind const& kKind = kSecurityGroup;
};
template <>
struct KindOf<network::NetworkInterface> {
  static constexpr Kind const& kKind = kNetworkInterface;
};
template <>
struct KindOf<network::InterfaceEndpoint> {
  static constexpr Kind const& kKind = kInterfaceEndpoint;
};
template <>
struct KindOf<network::ConnectEndpoint> {
  static constexpr Kind const& kKind = kConnectEndpoint;
};
template <>
struct KindOf<network::Instance> {
  static constexpr Kind const& kKind = kInstance;
};
template <>
struct KindOf<KeyPair> {
  static constexpr Kind const& kKind = kKeyPair;
};

// The one with this id; what is deleted and only still shown is the caller's to refuse. Errors: the kind's
// for malformed ids and for those that are not there. The pointer lasts until the table changes.
template <class Value>
Result<Value*> find(Table<Value>& table, std::string const& id) {
  CHECK(check_id(KindOf<Value>::kKind, id));
  if (auto* found = table.find(typename Table<Value>::Key(id))) return found;
  return not_found(KindOf<Value>::kKind, id);
}
template <class Value>
Result<Value const*> find(Table<Value> const& table, std::string const& id) {
  TRY(auto* found, find(const_cast<Table<Value>&>(table), id));
  return static_cast<Value const*>(found);
}

// Puts tags on a resource. Errors: InvalidParameterValue for keys of "aws:" and lengths, TagLimitExceeded.
Result<void> put_tags(State& state, std::string const& id, Tags const& tags);
// With a value: only where the tag has it.
void drop_tag(State& state, std::string const& id, std::string const& key,
              std::optional<std::string> const& value);
void drop_tags(State& state, std::string const& id);

// Errors in the words of many actions.
Error invalid_parameter(std::string sentence);     // InvalidParameterValue
Error dependency_violation(std::string sentence);  // DependencyViolation

}  // namespace fumidai::networks
