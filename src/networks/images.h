#pragma once

// What instances can be launched from: the images and the types that there are. Constant.

#include <span>

#include "networks/resource.h"

namespace fumidai::networks {

// Amazon's account for its own images, which belong to everybody.
inline constexpr std::string_view kImageOwner = "137112412989";

struct Image {
  std::string_view id, name, description, created_at;
  std::string_view root_device = "/dev/sda1";
};

struct InstanceType {
  std::string_view name;
  int processors;
  int mebibytes;
};

std::span<Image const> images();
std::span<InstanceType const> instance_types();
std::string_view architecture();  // of this machine, and so of all of them: x86_64, arm64

// Errors: InvalidAMIID.Malformed, InvalidAMIID.NotFound.
Result<Image const*> find_image(std::string const& id);
// Error: InvalidInstanceType.
Result<InstanceType const*> find_instance_type(std::string const& name);

}  // namespace fumidai::networks
