#include "networks/images.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

constexpr Image kImages[] = {{"ami-0deb1a12000000001", "fumidai", "What the instances of a lab are made of",
                              "2025-01-01T00:00:00.000Z"}};

// As AWS cuts them; small ones first.
constexpr InstanceType kTypes[] = {{"t3.nano", 2, 512},    {"t3.micro", 2, 1024}, {"t3.small", 2, 2048},
                                   {"t3.medium", 2, 4096}, {"t3.large", 2, 8192}, {"t2.nano", 1, 512},
                                   {"t2.micro", 1, 1024},  {"t2.small", 1, 2048}, {"m5.large", 2, 8192},
                                   {"m5.xlarge", 4, 16384}};

// Without the architecture at the end.
constexpr std::string_view kResolve = "resolve:ssm:", kLatest = "/aws/service/ami-amazon-linux-latest/";
constexpr std::string_view kLatestNames[] = {
    "al2023-ami-kernel-default-",     "al2023-ami-kernel-6.1-",
    "al2023-ami-kernel-6.12-",        "al2023-ami-minimal-kernel-default-",
    "al2023-ami-minimal-kernel-6.1-", "al2023-ami-minimal-kernel-6.12-"};
// Older ones name what is behind the architecture, too.
constexpr std::pair<std::string_view, std::string_view> kOlderNames[] = {
    {"amzn2-ami-hvm-", "-gp2"},
    {"amzn2-ami-hvm-", "-ebs"},
    {"amzn2-ami-kernel-5.10-hvm-", "-gp2"},
    {"amzn2-ami-minimal-hvm-", "-ebs"},
};

bool is_latest(std::string_view parameter) {
  if (!parameter.starts_with(kLatest)) return false;
  std::string name(parameter.substr(kLatest.size())), own(architecture());
  return std::ranges::any_of(kLatestNames, [&](auto begin) { return name == std::string(begin) + own; }) ||
         std::ranges::any_of(kOlderNames, [&](auto const& around) {
           return name == std::string(around.first) + own + std::string(around.second);
         });
}

}  // namespace

std::string_view parameter_of(std::string_view image_id) {
  return image_id.starts_with(kResolve) ? image_id.substr(kResolve.size()) : std::string_view();
}

Result<std::string> resolve_image(std::string const& image_id) {
  if (!image_id.starts_with(kResolve)) return image_id;
  if (is_latest(parameter_of(image_id)))
    return std::string(std::ranges::max_element(kImages, {}, &Image::created_at)->id);
  return invalid_parameter("Value (" + escaped(image_id, 255) +
                           ") for parameter imageId is invalid. There is no such parameter here; one is " +
                           std::string(kResolve) + std::string(kLatest) + std::string(kLatestNames[0]) +
                           std::string(architecture()) + ", and `aws ec2 describe-images` lists all images.");
}

std::span<Image const> images() {
  return kImages;
}

std::span<InstanceType const> instance_types() {
  return kTypes;
}

std::string_view architecture() {
#if defined(__aarch64__)
  return "arm64";
#else
  return "x86_64";
#endif
}

Result<Image const*> find_image(std::string const& id) {
  CHECK(check_id(kImage, id));
  auto found = std::ranges::find(kImages, id, &Image::id);
  if (found == std::end(kImages))
    return Error{Errc::not_found, "The image id '[" + id + "]' does not exist", kImage.not_found};
  return found;
}

Result<InstanceType const*> find_instance_type(std::string const& name) {
  auto found = std::ranges::find(kTypes, name, &InstanceType::name);
  if (found != std::end(kTypes)) return found;
  return Error{Errc::invalid,
               "The following supplied instance types do not exist: [" + escaped(name, 64) + "]",
               "InvalidInstanceType"};
}

}  // namespace fumidai::networks
