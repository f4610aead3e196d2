#include "base/result.h"

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace fumidai {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::malformed: return "malformed";
    case Errc::invalid: return "invalid";
    case Errc::too_large: return "too-large";
    case Errc::not_found: return "not-found";
    case Errc::conflict: return "conflict";
    case Errc::denied: return "denied";
    case Errc::unauthenticated: return "unauthenticated";
    case Errc::limit_exceeded: return "limit-exceeded";
    case Errc::closed: return "closed";
    case Errc::deadline_exceeded: return "deadline-exceeded";
    case Errc::unavailable: return "unavailable";
    case Errc::unsupported: return "unsupported";
    case Errc::corrupt: return "corrupt";
    case Errc::system: return "system";
  }
  return "unknown";
}

void throw_exception_from_error(Error const& error, boost::source_location const&) {
  throw std::logic_error("value() of a failed Result: " + error.detail);
}

Error system_error(std::string_view what) {
  return system_error(what, errno);
}

Error system_error(std::string_view what, int errno_value) {
  auto code = errno_value == ENOENT ? Errc::not_found : Errc::system;
  return {code, std::string(what) + ": " + std::generic_category().message(errno_value)};
}

}  // namespace fumidai
