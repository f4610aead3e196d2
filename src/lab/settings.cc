#include "lab/settings.h"

#include <algorithm>

namespace fumidai::lab {

Result<void> check(Settings const& settings) {
  // A link's name has 15 characters, and "fumidai-" takes 8. Without hyphens no label begins another's names.
  auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  auto& label = settings.label;
  if (label.empty() || label.size() > 7 || !std::ranges::all_of(label, plain)) {
    return Error{Errc::invalid, "the lab's label is '" + label +
                                    "'; it must be 1 to 7 of the characters a-z and 0-9, for it becomes part "
                                    "of the names of links"};
  }
  for (auto& address : {settings.host, settings.host_peer, settings.plane, settings.dns, settings.web,
                        settings.public_pool.base}) {
    if (address.is_v6) return Error{Errc::invalid, "the lab's internet is IPv4 only, not " + address.text()};
  }
  return success();
}

}  // namespace fumidai::lab
