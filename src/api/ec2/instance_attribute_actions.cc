// What can be seen and changed of an instance: DescribeInstanceAttribute, ModifyInstanceAttribute,
// ModifyInstanceMetadataOptions, GetConsoleOutput.

#include "api/ec2/actions.h"
#include "api/ec2/instance_description.h"
#include "api/lab.h"
#include "base/bytes.h"
#include "networks/images.h"

namespace fumidai::api::ec2 {

namespace {

struct TextValue {
  std::optional<std::string> value;
};
BOOST_DESCRIBE_STRUCT(TextValue, (), (value))

struct SecretValue {
  std::optional<Secret> value;
};
BOOST_DESCRIBE_STRUCT(SecretValue, (), (value))

struct DescribeAttributeRequest {
  std::string instance_id, attribute;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 64, wire::required},
                                            {"attribute", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DescribeAttributeRequest, (), (instance_id, attribute))

// One of them.
struct AttributeDescription {
  std::string instance_id;
  std::optional<TextValue> instance_type, root_device_name, kernel, ramdisk, sriov_net_support,
      instance_initiated_shutdown_behavior;
  std::optional<SecretValue> user_data;
  std::optional<AttributeValue> disable_api_termination, disable_api_stop, source_dest_check, ebs_optimized,
      ena_support;
  std::optional<std::vector<GroupReference>> group_set;
  std::optional<std::vector<Nothing>> block_device_mapping, product_codes;
};
BOOST_DESCRIBE_STRUCT(AttributeDescription, (),
                      (instance_id, instance_type, root_device_name, kernel, ramdisk, sriov_net_support,
                       instance_initiated_shutdown_behavior, user_data, disable_api_termination,
                       disable_api_stop, source_dest_check, ebs_optimized, ena_support, group_set,
                       block_device_mapping, product_codes))

struct ModifyAttributeRequest {
  std::string instance_id;
  std::vector<std::string> group_id;
  AttributeValue source_dest_check, disable_api_termination;
  TextValue instance_type;
  SecretValue user_data;
  // The older way, one attribute by its name.
  std::optional<std::string> attribute;
  std::optional<Secret> value;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 64, wire::required}, {"group_id", 0, 16}};
};
BOOST_DESCRIBE_STRUCT(ModifyAttributeRequest, (),
                      (instance_id, group_id, source_dest_check, disable_api_termination, instance_type,
                       user_data, attribute, value))

struct ModifyMetadataRequest {
  std::string instance_id;
  std::optional<std::string> http_tokens, http_endpoint, instance_metadata_tags;
  std::optional<std::int64_t> http_put_response_hop_limit;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ModifyMetadataRequest, (),
                      (instance_id, http_tokens, http_endpoint, instance_metadata_tags,
                       http_put_response_hop_limit))

struct ModifyMetadataResponse {
  std::string instance_id;
  MetadataDescription instance_metadata_options;
};
BOOST_DESCRIBE_STRUCT(ModifyMetadataResponse, (), (instance_id, instance_metadata_options))

struct ConsoleRequest {
  std::string instance_id;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ConsoleRequest, (), (instance_id))

struct ConsoleResponse {
  std::string instance_id;
  Time timestamp{};
  std::string output;  // base64
};
BOOST_DESCRIBE_STRUCT(ConsoleResponse, (), (instance_id, timestamp, output))

// The state of a look is not changed: this finds in it and gives it out as constant.
struct Looked {
  network::Instance const& instance;
  networks::Launch const& launch;
};

Result<Looked> look_up(State const& state, Call const& call, std::string const& id) {
  TRY(auto const* instance, networks::find(state.network.instances, id));
  auto const* launch = state.launches.find(instance->id);
  if (networks::is_forgotten(*instance, *launch, call.caller.at))
    return networks::not_found(networks::kInstance, id);
  return Looked{*instance, *launch};
}

std::vector<GroupReference> groups_of(State const& state, network::Instance const& instance) {
  auto const* interface = state.network.interfaces.find(instance.interface);
  return interface ? group_references(state, *interface) : std::vector<GroupReference>();
}

Error unknown_attribute(std::string const& attribute) {
  return networks::invalid_parameter("Value (" + escaped(attribute, 64) +
                                     ") for parameter attribute is invalid. Unknown attribute.");
}

Result<AttributeDescription> describe_attribute(State const& state, Call const& call,
                                                DescribeAttributeRequest const& request) {
  TRY(auto found, look_up(state, call, request.instance_id));
  auto const& [instance, launch] = found;
  auto const& name = request.attribute;
  AttributeDescription answer;
  answer.instance_id = request.instance_id;
  if (name == "instanceType") {
    answer.instance_type = TextValue{instance.type};
  } else if (name == "userData") {
    answer.user_data.emplace();
    if (!launch.user_data.empty()) answer.user_data->value = Secret(launch.user_data);
  } else if (name == "disableApiTermination") {
    answer.disable_api_termination = AttributeValue{launch.protected_from_termination};
  } else if (name == "sourceDestCheck") {
    answer.source_dest_check = AttributeValue{instance.source_dest_check};
  } else if (name == "groupSet") {
    answer.group_set = groups_of(state, instance);
  } else if (name == "rootDeviceName") {
    answer.root_device_name = TextValue{std::string(networks::images()[0].root_device)};
  } else if (name == "instanceInitiatedShutdownBehavior") {
    answer.instance_initiated_shutdown_behavior = TextValue{"stop"};
  } else if (name == "disableApiStop") {
    answer.disable_api_stop = AttributeValue{false};
  } else if (name == "ebsOptimized") {
    answer.ebs_optimized = AttributeValue{false};
  } else if (name == "enaSupport") {
    answer.ena_support = AttributeValue{true};
  } else if (name == "kernel") {
    answer.kernel.emplace();
  } else if (name == "ramdisk") {
    answer.ramdisk.emplace();
  } else if (name == "sriovNetSupport") {
    answer.sriov_net_support.emplace();
  } else if (name == "blockDeviceMapping") {
    answer.block_device_mapping.emplace();
  } else if (name == "productCodes") {
    answer.product_codes.emplace();
  } else {
    return unknown_attribute(name);
  }
  return answer;
}

Result<bool> truth_of(std::string const& text) {
  if (text == "true" || text == "false") return text == "true";
  return networks::invalid_parameter("Value (" + escaped(text, 64) +
                                     ") for parameter value is invalid. It is true or false.");
}

// Attribute and Value, as one of the other members would say it.
Result<void> read_named(ModifyAttributeRequest const& request, networks::InstanceChange& change) {
  auto value = request.value ? request.value->reveal() : std::string();
  if (*request.attribute == "sourceDestCheck") {
    TRY(change.source_dest_check, truth_of(value));
  } else if (*request.attribute == "disableApiTermination") {
    TRY(change.is_protected, truth_of(value));
  } else if (*request.attribute == "instanceType") {
    change.type = value;
  } else if (*request.attribute == "userData") {
    change.user_data = value;
  } else {
    return unknown_attribute(*request.attribute);
  }
  return success();
}

Result<Done> modify_attribute(State& state, Call const&, ModifyAttributeRequest const& request) {
  networks::InstanceChange change;
  if (!request.group_id.empty()) change.groups = request.group_id;
  change.source_dest_check = request.source_dest_check.value;
  change.is_protected = request.disable_api_termination.value;
  change.type = request.instance_type.value;
  if (request.user_data.value) change.user_data = request.user_data.value->reveal();
  if (request.attribute) CHECK(read_named(request, change));
  CHECK(networks::modify_instance(state, request.instance_id, change));
  return Done{};
}

Result<ModifyMetadataResponse> modify_metadata(State& state, Call const&,
                                               ModifyMetadataRequest const& request) {
  TRY(auto found, networks::find_instance(state, request.instance_id));
  MetadataRequest wanted{request.http_tokens, request.http_endpoint, request.instance_metadata_tags,
                         request.http_put_response_hop_limit};
  TRY(auto options, changed(found.launch->metadata, wanted));
  CHECK(networks::modify_metadata(state, request.instance_id, options));
  return ModifyMetadataResponse{request.instance_id, describe_metadata(options)};
}

Result<ConsoleResponse> console_output(State const& state, Call const& call, ConsoleRequest const& request) {
  TRY(auto found, look_up(state, call, request.instance_id));
  ConsoleResponse response{request.instance_id, call.caller.at, ""};
  if (call.plane.lab) {
    TRY(auto text, call.plane.lab->console_output(found.instance.id));
    response.output = to_base64(as_bytes(text));
  }
  return response;
}

}  // namespace

std::vector<Action> instance_attribute_actions() {
  return {
      looks(kEc2, "DescribeInstanceAttribute", on_state<describe_attribute>,
            about<&DescribeAttributeRequest::instance_id>),
      changes(kEc2, "ModifyInstanceAttribute", on_state<modify_attribute>,
              about<&ModifyAttributeRequest::instance_id>),
      changes(kEc2, "ModifyInstanceMetadataOptions", on_state<modify_metadata>,
              about<&ModifyMetadataRequest::instance_id>),
      looks(kEc2, "GetConsoleOutput", on_state<console_output>, about<&ConsoleRequest::instance_id>),
  };
}

}  // namespace fumidai::api::ec2
