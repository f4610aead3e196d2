#pragma once

// What instances can be launched from: the images and the types that there are. Constant.

#include <span>
#include <string>
#include <string_view>

#include "networks/resource.h"

namespace fumidai::networks {

// Amazon's account for its own images, which belong to everybody.
inline constexpr std::string_view kImageOwner = "137112412989";

// A lab says itself what its image is called and since when it is there.
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

// The id that an ImageId means: itself, or what `resolve:ssm:` and the name of a public parameter of AWS lead
// to, which on AWS is the newest image of a kind of Amazon Linux, and here the newest of the catalogue.
// Error: InvalidParameterValue, for a name that AWS does not have or that is of another architecture.
Result<std::string> resolve_image(std::string const& image_id);
// The parameter's name in such an ImageId; empty for an id.
std::string_view parameter_of(std::string_view image_id);

// Errors: InvalidAMIID.Malformed, InvalidAMIID.NotFound.
Result<Image const*> find_image(std::string const& id);
// Error: InvalidInstanceType.
Result<InstanceType const*> find_instance_type(std::string const& name);

}  // namespace fumidai::networks
