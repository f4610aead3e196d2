#pragma once

namespace fumidai::app {

inline constexpr char const* kVersion = FUMIDAI_VERSION;

}  // namespace fumidai::app
