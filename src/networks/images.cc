#include "networks/images.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

constexpr Image kImages[] = {
    {"ami-0deb1a12000000001", "debian-12", "Debian 12 (bookworm)", "2025-01-01T00:00:00.000Z"}};

// As AWS cuts them; small ones first.
constexpr InstanceType kTypes[] = {{"t3.nano", 2, 512},    {"t3.micro", 2, 1024}, {"t3.small", 2, 2048},
                                   {"t3.medium", 2, 4096}, {"t3.large", 2, 8192}, {"t2.nano", 1, 512},
                                   {"t2.micro", 1, 1024},  {"t2.small", 1, 2048}, {"m5.large", 2, 8192},
                                   {"m5.xlarge", 4, 16384}};

}  // namespace

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
