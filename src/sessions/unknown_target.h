#pragma once

// What a person is told of a target that match_targets() does not find, by whichever way he wanted there.

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace fumidai::sessions {

inline constexpr char const* kUnknownTarget =
    "there is no instance with that id, name or tag (KEY=VALUE); `fumidai doctor` shows those that are.";

inline Error unknown_target(std::string_view text) {
  return {Errc::not_found, "'" + escaped(text, 128) + "' means nothing here: " + kUnknownTarget,
          "InvalidTarget"};
}

}  // namespace fumidai::sessions
