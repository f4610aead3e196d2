#pragma once

#include <string_view>

namespace fumidai::wire {

// A header of ours beside openTunnel, so many seconds: the upgrade is answered when the target is reached,
// and refused with TargetUnreachable when it is not in that time. AWS's clients send none, and are told by
// the reason of the tunnel's end.
inline constexpr std::string_view kAwaitTarget = "fumidai-await-target";

}  // namespace fumidai::wire
