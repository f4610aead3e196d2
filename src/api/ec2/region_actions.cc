// Where this is: DescribeAvailabilityZones, DescribeRegions, DescribeAccountAttributes.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/elastic_addresses.h"
#include "networks/vpcs.h"

namespace fumidai::api::ec2 {

namespace {

struct ZoneMessage {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(ZoneMessage, (), (message))

struct ZoneDescription {
  std::string zone_name, zone_id, zone_state = "available", zone_type = "availability-zone", region_name,
                                  group_name, network_border_group, opt_in_status = "opt-in-not-required";
  std::vector<ZoneMessage> message_set;
};
BOOST_DESCRIBE_STRUCT(ZoneDescription, (),
                      (zone_name, zone_id, zone_state, zone_type, region_name, group_name,
                       network_border_group, opt_in_status, message_set))

std::vector<FilterKey<ZoneDescription>> filter_keys(ZoneDescription const*) {
  return {{"zone-name", [](auto const& zone) { return Texts{zone.zone_name}; }},
          {"zone-id", [](auto const& zone) { return Texts{zone.zone_id}; }},
          {"state", [](auto const& zone) { return Texts{zone.zone_state}; }},
          {"zone-type", [](auto const& zone) { return Texts{zone.zone_type}; }},
          {"region-name", [](auto const& zone) { return Texts{zone.region_name}; }},
          {"group-name", [](auto const& zone) { return Texts{zone.group_name}; }},
          {"opt-in-status", [](auto const& zone) { return Texts{zone.opt_in_status}; }}};
}

struct DescribeAvailabilityZonesRequest {
  std::vector<std::string> zone_name, zone_id;
  std::vector<Filter> filter;
};
BOOST_DESCRIBE_STRUCT(DescribeAvailabilityZonesRequest, (), (zone_name, zone_id, filter))

struct DescribeAvailabilityZonesResponse {
  std::vector<ZoneDescription> availability_zone_info;
};
BOOST_DESCRIBE_STRUCT(DescribeAvailabilityZonesResponse, (), (availability_zone_info))

struct RegionDescription {
  std::string region_name, region_endpoint, opt_in_status = "opt-in-not-required";
};
BOOST_DESCRIBE_STRUCT(RegionDescription, (), (region_name, region_endpoint, opt_in_status))

std::vector<FilterKey<RegionDescription>> filter_keys(RegionDescription const*) {
  return {{"region-name", [](auto const& region) { return Texts{region.region_name}; }},
          {"endpoint", [](auto const& region) { return Texts{region.region_endpoint}; }},
          {"opt-in-status", [](auto const& region) { return Texts{region.opt_in_status}; }}};
}

struct DescribeRegionsRequest {
  std::vector<std::string> region_name;
  std::vector<Filter> filter;
};
BOOST_DESCRIBE_STRUCT(DescribeRegionsRequest, (), (region_name, filter))

struct DescribeRegionsResponse {
  std::vector<RegionDescription> region_info;
};
BOOST_DESCRIBE_STRUCT(DescribeRegionsResponse, (), (region_info))

struct AttributeText {
  std::string attribute_value;
};
BOOST_DESCRIBE_STRUCT(AttributeText, (), (attribute_value))

struct AccountAttribute {
  std::string attribute_name;
  std::vector<AttributeText> attribute_value_set;
};
BOOST_DESCRIBE_STRUCT(AccountAttribute, (), (attribute_name, attribute_value_set))

struct DescribeAccountAttributesRequest {
  std::vector<std::string> attribute_name;
};
BOOST_DESCRIBE_STRUCT(DescribeAccountAttributesRequest, (), (attribute_name))

struct DescribeAccountAttributesResponse {
  std::vector<AccountAttribute> account_attribute_set;
};
BOOST_DESCRIBE_STRUCT(DescribeAccountAttributesResponse, (), (account_attribute_set))

// Of `all`, those with one of the names; all, without names. Error: InvalidParameterValue for a name that
// none has.
template <class Entry>
Result<std::vector<Entry>> named(std::vector<Entry> all, std::vector<std::string> const& names,
                                 std::string Entry::*name, std::string_view what) {
  for (auto const& wanted : names) {
    auto has_it = [&](Entry const& entry) { return entry.*name == wanted; };
    if (std::none_of(all.begin(), all.end(), has_it))
      return networks::invalid_parameter("Invalid " + std::string(what) + ": [" + escaped(wanted, 64) + "]");
  }
  auto is_unwanted = [&](Entry const& entry) {
    return !names.empty() && std::find(names.begin(), names.end(), entry.*name) == names.end();
  };
  std::erase_if(all, is_unwanted);
  return all;
}

Result<DescribeAvailabilityZonesResponse> describe_availability_zones(
    State const& state, Call const&, DescribeAvailabilityZonesRequest const& request) {
  auto const& region = state.network.region;
  std::vector<ZoneDescription> all;
  for (auto const& name : networks::zones_of(region)) {
    ZoneDescription zone;
    zone.zone_name = name;
    zone.zone_id = networks::zone_id(region, name);
    zone.region_name = zone.group_name = zone.network_border_group = region;
    all.push_back(std::move(zone));
  }
  TRY(auto by_name,
      named(std::move(all), request.zone_name, &ZoneDescription::zone_name, "availability zone"));
  TRY(auto by_id,
      named(std::move(by_name), request.zone_id, &ZoneDescription::zone_id, "availability zone-id"));
  TRY(auto kept, filtered(std::move(by_id), request.filter));
  return DescribeAvailabilityZonesResponse{std::move(kept)};
}

Result<DescribeRegionsResponse> describe_regions(State const& state, Call const&,
                                                 DescribeRegionsRequest const& request) {
  auto const& region = state.network.region;
  std::vector<RegionDescription> all{{region, "ec2." + region + ".amazonaws.com"}};
  TRY(auto wanted,
      named(std::move(all), request.region_name, &RegionDescription::region_name, "region name"));
  TRY(auto kept, filtered(std::move(wanted), request.filter));
  return DescribeRegionsResponse{std::move(kept)};
}

Result<DescribeAccountAttributesResponse> describe_account_attributes(
    State const&, Call const&, DescribeAccountAttributesRequest const& request) {
  std::vector<AccountAttribute> all{
      {"supported-platforms", {{"VPC"}}},
      {"default-vpc", {{"none"}}},
      {"vpc-max-security-groups-per-interface", {{"5"}}},
      {"max-elastic-ips", {{std::to_string(networks::kMostElasticAddresses)}}},
      {"vpc-max-elastic-ips", {{std::to_string(networks::kMostElasticAddresses)}}}};
  TRY(auto kept,
      named(std::move(all), request.attribute_name, &AccountAttribute::attribute_name, "account attribute"));
  return DescribeAccountAttributesResponse{std::move(kept)};
}

}  // namespace

std::vector<Action> region_actions() {
  return {
      looks(kEc2, "DescribeAvailabilityZones", on_state<describe_availability_zones>),
      looks(kEc2, "DescribeRegions", on_state<describe_regions>),
      looks(kEc2, "DescribeAccountAttributes", on_state<describe_account_attributes>),
  };
}

}  // namespace fumidai::api::ec2
