#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fumidai::wire {

// A header of ours beside openTunnel, so many seconds: the upgrade is answered when the target is reached,
// and refused with TargetUnreachable when it is not in that time, or when somebody ends the tunnel before.
// AWS's clients send none, and are told by the reason of the tunnel's end.
inline constexpr std::string_view kAwaitTarget = "fumidai-await-target";

// What a person is told of a target that drops what is sent to it. Doctor knows instances, and no addresses:
// `instance` is empty where the address is of none.
std::string no_answer(std::string const& address, std::uint16_t port, std::string const& instance,
                      std::optional<std::chrono::seconds> waited = {});

}  // namespace fumidai::wire
