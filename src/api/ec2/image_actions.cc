// What instances are launched from: DescribeImages, DescribeInstanceTypes.

#include <algorithm>

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "api/lab.h"
#include "networks/images.h"

namespace fumidai::api::ec2 {

namespace {

struct ImageVolume {
  bool delete_on_termination = true;
  std::int64_t volume_size = 8;
  std::string volume_type = "gp3";
};
BOOST_DESCRIBE_STRUCT(ImageVolume, (), (delete_on_termination, volume_size, volume_type))

struct ImageDevice {
  std::string device_name;
  ImageVolume ebs;
};
BOOST_DESCRIBE_STRUCT(ImageDevice, (), (device_name, ebs))

struct ImageDescription {
  std::string image_id, image_location, image_state = "available", image_owner_id,
                                        image_owner_alias = "amazon", creation_date, architecture,
                                        image_type = "machine", name, description;
  bool is_public = true, ena_support = true;
  std::string root_device_name, root_device_type = "ebs", virtualization_type = "hvm", hypervisor = "xen",
                                platform_details = "Linux/UNIX", usage_operation = "RunInstances";
  std::vector<ImageDevice> block_device_mapping;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &ImageDescription::image_id;
};
BOOST_DESCRIBE_STRUCT(ImageDescription, (),
                      (image_id, image_location, image_state, image_owner_id, image_owner_alias,
                       creation_date, architecture, image_type, name, description, is_public, ena_support,
                       root_device_name, root_device_type, virtualization_type, hypervisor, platform_details,
                       usage_operation, block_device_mapping, tag_set))

std::vector<FilterKey<ImageDescription>> filter_keys(ImageDescription const*) {
  return {{"image-id", [](auto const& image) { return Texts{image.image_id}; }},
          {"name", [](auto const& image) { return Texts{image.name}; }},
          {"description", [](auto const& image) { return Texts{image.description}; }},
          {"architecture", [](auto const& image) { return Texts{image.architecture}; }},
          {"state", [](auto const& image) { return Texts{image.image_state}; }},
          {"owner-id", [](auto const& image) { return Texts{image.image_owner_id}; }},
          {"owner-alias", [](auto const& image) { return Texts{image.image_owner_alias}; }},
          {"is-public", [](auto const&) { return Texts{"true"}; }},
          {"image-type", [](auto const& image) { return Texts{image.image_type}; }},
          {"root-device-name", [](auto const& image) { return Texts{image.root_device_name}; }},
          {"root-device-type", [](auto const& image) { return Texts{image.root_device_type}; }},
          {"virtualization-type", [](auto const& image) { return Texts{image.virtualization_type}; }},
          {"hypervisor", [](auto const& image) { return Texts{image.hypervisor}; }},
          {"block-device-mapping.volume-type", [](auto const&) { return Texts{"gp3"}; }}};
}

Result<ImageDescription> describe(Call const& call, networks::Image const& image) {
  ImageDescription description;
  description.image_id = image.id;
  description.image_owner_id = networks::kImageOwner;
  description.architecture = networks::architecture();
  description.name = image.name;
  description.description = image.description;
  description.creation_date = image.created_at;
  if (call.plane.lab) {
    TRY(auto real, call.plane.lab->image());
    description.name = real.name;
    description.description = real.description;
    description.creation_date = to_iso(real.created);
  }
  description.image_location = "amazon/" + description.name;
  description.root_device_name = image.root_device;
  description.block_device_mapping = {{std::string(image.root_device), {}}};
  return description;
}

struct DescribeImagesRequest {
  std::vector<std::string> image_id, owner, executable_by;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeImagesRequest, (),
                      (image_id, owner, executable_by, filter, max_results, next_token))

struct DescribeImagesResponse {
  std::vector<ImageDescription> images_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeImagesResponse, (), (images_set, next_token))

struct ProcessorInfo {
  std::vector<std::string> supported_architectures{std::string(networks::architecture())};
};
BOOST_DESCRIBE_STRUCT(ProcessorInfo, (), (supported_architectures))

struct VCpuInfo {
  std::int64_t default_v_cpus = 0, default_cores = 0, default_threads_per_core = 1;
};
BOOST_DESCRIBE_STRUCT(VCpuInfo, (), (default_v_cpus, default_cores, default_threads_per_core))

struct MemoryInfo {
  std::int64_t size_in_mi_b = 0;
};
BOOST_DESCRIBE_STRUCT(MemoryInfo, (), (size_in_mi_b))

struct TypeNetworkInfo {
  std::string network_performance = "Up to 5 Gigabit";
  std::int64_t maximum_network_interfaces = 1, ipv4_addresses_per_interface = 1;
  bool ipv6_supported = false;
  std::string ena_support = "supported";
};
BOOST_DESCRIBE_STRUCT(TypeNetworkInfo, (),
                      (network_performance, maximum_network_interfaces, ipv4_addresses_per_interface,
                       ipv6_supported, ena_support))

struct TypeDescription {
  std::string instance_type;
  bool current_generation = true, free_tier_eligible = false, bare_metal = false,
       instance_storage_supported = false, hibernation_supported = false;
  std::vector<std::string> supported_usage_classes{"on-demand"}, supported_root_device_types{"ebs"},
      supported_virtualization_types{"hvm"};
  std::string hypervisor = "nitro";
  ProcessorInfo processor_info;
  VCpuInfo v_cpu_info;
  MemoryInfo memory_info;
  TypeNetworkInfo network_info;
  static constexpr auto kId = &TypeDescription::instance_type;
};
BOOST_DESCRIBE_STRUCT(TypeDescription, (),
                      (instance_type, current_generation, free_tier_eligible, bare_metal,
                       instance_storage_supported, hibernation_supported, supported_usage_classes,
                       supported_root_device_types, supported_virtualization_types, hypervisor,
                       processor_info, v_cpu_info, memory_info, network_info))

std::vector<FilterKey<TypeDescription>> filter_keys(TypeDescription const*) {
  return {{"instance-type", [](auto const& type) { return Texts{type.instance_type}; }},
          {"current-generation", [](auto const&) { return Texts{"true"}; }},
          {"bare-metal", [](auto const&) { return Texts{"false"}; }},
          {"hypervisor", [](auto const& type) { return Texts{type.hypervisor}; }},
          {"processor-info.supported-architecture",
           [](auto const& type) { return type.processor_info.supported_architectures; }},
          {"vcpu-info.default-vcpus",
           [](auto const& type) { return Texts{std::to_string(type.v_cpu_info.default_v_cpus)}; }},
          {"memory-info.size-in-mib",
           [](auto const& type) { return Texts{std::to_string(type.memory_info.size_in_mi_b)}; }}};
}

struct DescribeTypesRequest {
  std::vector<std::string> instance_type;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeTypesRequest, (), (instance_type, filter, max_results, next_token))

struct DescribeTypesResponse {
  std::vector<TypeDescription> instance_type_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeTypesResponse, (), (instance_type_set, next_token))

bool is_of(std::vector<std::string> const& owners) {
  return owners.empty() || std::ranges::count(owners, "amazon") > 0 ||
         std::ranges::count(owners, networks::kImageOwner) > 0;
}

Result<DescribeImagesResponse> describe_images(State const&, Call const& call,
                                               DescribeImagesRequest const& request) {
  for (auto const& id : request.image_id) CHECK(networks::find_image(id));
  std::vector<ImageDescription> all;
  for (auto const& image : networks::images()) {
    if (!is_of(request.owner)) continue;
    TRY(auto description, describe(call, image));
    all.push_back(std::move(description));
  }
  std::erase_if(all, [&](auto const& image) {
    return !request.image_id.empty() && std::ranges::count(request.image_id, image.image_id) == 0;
  });
  return list_of<DescribeImagesResponse>(call, request, networks::kImage, {}, std::move(all));
}

TypeDescription describe(networks::InstanceType const& type) {
  TypeDescription description;
  description.instance_type = type.name;
  description.free_tier_eligible = type.name.ends_with(".micro");
  description.v_cpu_info.default_v_cpus = description.v_cpu_info.default_cores = type.processors;
  description.memory_info.size_in_mi_b = type.mebibytes;
  return description;
}

Result<DescribeTypesResponse> describe_types(State const&, Call const& call,
                                             DescribeTypesRequest const& request) {
  for (auto const& name : request.instance_type) CHECK(networks::find_instance_type(name));
  std::vector<TypeDescription> all;
  for (auto const& type : networks::instance_types()) {
    if (request.instance_type.empty() || std::ranges::count(request.instance_type, type.name) > 0)
      all.push_back(describe(type));
  }
  return list_of<DescribeTypesResponse>(call, request, networks::kInstance, {}, std::move(all));
}

}  // namespace

std::vector<Action> image_actions() {
  return {
      looks(kEc2, "DescribeImages", on_state<describe_images>),
      looks(kEc2, "DescribeInstanceTypes", on_state<describe_types>),
  };
}

}  // namespace fumidai::api::ec2
