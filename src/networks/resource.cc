#include "networks/resource.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/random.h"

namespace fumidai::networks {

Kind const kVpc{"vpc-", "vpc", "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound"};
Kind const kSubnet{"subnet-", "subnet", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"};
Kind const kRouteTable{"rtb-", "route-table", "routeTable", "InvalidRouteTableId.Malformed",
                       "InvalidRouteTableID.NotFound"};
Kind const kInternetGateway{"igw-", "internet-gateway", "internetGateway",
                            "InvalidInternetGatewayId.Malformed", "InvalidInternetGatewayID.NotFound"};
Kind const kNatGateway{"nat-", "natgateway", "NAT gateway", "NatGatewayMalformed", "NatGatewayNotFound"};
Kind const kAllocation{"eipalloc-", "elastic-ip", "allocation", "InvalidAllocationID.NotFound",
                       "InvalidAllocationID.NotFound"};
Kind const kSecurityGroup{"sg-", "security-group", "security group", "InvalidGroupId.Malformed",
                          "InvalidGroup.NotFound"};
Kind const kSecurityRule{"sgr-", "security-group-rule", "security group rule",
                         "InvalidSecurityGroupRuleId.Malformed", "InvalidSecurityGroupRuleId.NotFound"};
Kind const kNetworkInterface{"eni-", "network-interface", "networkInterface",
                             "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound"};
Kind const kNetworkAcl{"acl-", "network-acl", "networkAcl", "InvalidNetworkAclId.Malformed",
                       "InvalidNetworkAclID.NotFound"};
Kind const kInterfaceEndpoint{"vpce-", "vpc-endpoint", "Vpc Endpoint", "InvalidVpcEndpointId.Malformed",
                              "InvalidVpcEndpointId.NotFound"};
Kind const kConnectEndpoint{"eice-", "instance-connect-endpoint", "instance connect endpoint",
                            "InvalidInstanceConnectEndpointId.Malformed",
                            "InvalidInstanceConnectEndpointId.NotFound"};
Kind const kInstance{"i-", "instance", "instance", "InvalidInstanceID.Malformed",
                     "InvalidInstanceID.NotFound"};
Kind const kKeyPair{"key-", "key-pair", "key pair", "InvalidKeyPair.NotFound", "InvalidKeyPair.NotFound"};
Kind const kImage{"ami-", "image", "image", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound"};
Kind const kAddressAssociation{"eipassoc-", "", "association", "InvalidAssociationID.NotFound",
                               "InvalidAssociationID.NotFound"};
Kind const kTableAssociation{"rtbassoc-", "", "association", "InvalidAssociationID.NotFound",
                             "InvalidAssociationID.NotFound"};
Kind const kProfileAssociation{"iip-assoc-", "", "association", "InvalidAssociationID.NotFound",
                               "InvalidAssociationID.NotFound"};

namespace {

constexpr std::size_t kMostTags = 50, kMostKey = 128, kMostValue = 256;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Of UTF-8, not its bytes.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// What XML has no form for would be told as something else.
bool is_tellable(std::string_view text) {
  bool has_control = std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  return !has_control && text.find("\xef\xbf\xbe") == text.npos && text.find("\xef\xbf\xbf") == text.npos;
}

Result<void> check_tag(std::string const& key, std::string const& value) {
  if (to_lower(key).starts_with("aws:"))
    return invalid_parameter("Tag keys starting with 'aws:' are reserved for internal use");
  if (key.empty() || characters_of(key) > kMostKey)
    return invalid_parameter("Tag keys must be between 1 and 128 characters in length");
  if (characters_of(value) > kMostValue)
    return invalid_parameter("Tag values must be at most 256 characters in length");
  if (!is_tellable(key) || !is_tellable(value))
    return invalid_parameter(
        "Tags have no control characters but tab and line end, and no U+FFFE and U+FFFF");
  return success();
}

}  // namespace

Kind const* kind_of(std::string_view id) {
  static constexpr std::array kTaggable = {&kVpc,
                                           &kSubnet,
                                           &kRouteTable,
                                           &kInternetGateway,
                                           &kNatGateway,
                                           &kAllocation,
                                           &kSecurityGroup,
                                           &kSecurityRule,
                                           &kNetworkInterface,
                                           &kNetworkAcl,
                                           &kInterfaceEndpoint,
                                           &kConnectEndpoint,
                                           &kInstance,
                                           &kKeyPair};
  auto found =
      std::ranges::find_if(kTaggable, [&](Kind const* kind) { return id.starts_with(kind->prefix); });
  return found == kTaggable.end() ? nullptr : *found;
}

std::string new_id(Kind const& kind) {
  return std::string(kind.prefix) + random_hex(17);
}

Result<void> check_id(Kind const& kind, std::string_view id) {
  auto digits = id.substr(std::min(id.size(), kind.prefix.size()));
  bool fits = id.starts_with(kind.prefix) && (digits.size() == 8 || digits.size() == 17) && is_hex(digits);
  if (fits) return success();
  auto sentence = &kind == &kInstance
                      ? "Invalid id: \"" + escaped(id, 64) + "\""
                      : "The " + std::string(kind.words) + " ID '" + escaped(id, 64) + "' is malformed";
  return Error{Errc::invalid, std::move(sentence), kind.malformed};
}

Error not_found(Kind const& kind, std::string_view id) {
  return {Errc::not_found, "The " + std::string(kind.words) + " ID '" + escaped(id, 64) + "' does not exist",
          kind.not_found};
}

Error not_found(Kind const& kind, std::vector<std::string> const& ids) {
  if (ids.size() == 1) return not_found(kind, ids[0]);
  std::string list;
  for (auto const& id : ids) list += (list.empty() ? "" : ", ") + escaped(id, 64);
  return {Errc::not_found, "The " + std::string(kind.words) + " IDs '" + list + "' do not exist",
          kind.not_found};
}

Result<void> put_tags(State& state, std::string const& id, Tags const& tags) {
  if (tags.empty()) return success();
  auto all = state.tags_of(id);
  for (auto const& [key, value] : tags) {
    CHECK(check_tag(key, value));
    all[key] = value;
  }
  if (all.size() > kMostTags)
    return Error{Errc::limit_exceeded, "More than 50 tags specified for the resource " + id,
                 "TagLimitExceeded"};
  state.tagged.put({ResourceId(id), std::move(all)});
  return success();
}

void drop_tag(State& state, std::string const& id, std::string const& key,
              std::optional<std::string> const& value) {
  auto* tagged = state.tagged.find(ResourceId(id));
  if (!tagged) return;
  auto at = tagged->tags.find(key);
  if (at == tagged->tags.end() || (value && *value != at->second)) return;
  tagged->tags.erase(at);
  if (tagged->tags.empty()) drop_tags(state, id);
}

void drop_tags(State& state, std::string const& id) {
  state.tagged.erase(ResourceId(id));
}

Error invalid_parameter(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "InvalidParameterValue"};
}

Error dependency_violation(std::string sentence) {
  return {Errc::conflict, std::move(sentence), "DependencyViolation"};
}

}  // namespace fumidai::networks
