#include "wire/session_payloads.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace fumidai::wire {

RequestedClientAction const* HandshakeRequest::find(std::string_view action_type) const {
  for (auto const& action : requested_client_actions) {
    if (action.action_type == action_type) return &action;
  }
  return nullptr;
}

bool HandshakeResponse::succeeded(std::string_view action_type) const {
  return std::any_of(
      processed_client_actions.begin(), processed_client_actions.end(), [&](auto const& action) {
        return action.action_type == action_type && action.action_status == ProcessedClientAction::kSuccess;
      });
}

Bytes encode_flag(std::uint32_t value) {
  Bytes payload(4);
  write_u32(payload.data(), value);
  return payload;
}

Result<std::uint32_t> parse_flag(ByteView payload) {
  if (payload.size() != 4)
    return Error{Errc::malformed, "a flag of " + std::to_string(payload.size()) + " bytes"};
  return read_u32(payload.data());
}

namespace {
constexpr std::string_view kExitCode = "EXIT_CODE: ";
}

std::string exit_code_text(int status) {
  return std::string(kExitCode) + std::to_string(status);
}

Result<int> parse_exit_code(std::string_view text) {
  auto number = trimmed(text);
  if (!number.starts_with(kExitCode)) return Error{Errc::malformed, "not an exit code"};
  number.remove_prefix(kExitCode.size());
  int status = 0;
  auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), status);
  if (failure != std::errc() || end != number.data() + number.size())
    return Error{Errc::malformed, "not an exit code"};
  return status;
}

namespace {

std::optional<std::array<std::uint32_t, 4>> parse_version(std::string_view text) {
  auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  std::array<std::uint32_t, 4> numbers{};
  for (std::size_t i = 0; i < 4; i++) {
    auto [end, failure] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), numbers[i]);
    if (failure != std::errc() || end != parts[i].data() + parts[i].size()) return std::nullopt;
  }
  return numbers;
}

}  // namespace

bool version_is_above(std::string_view version, std::string_view floor) {
  auto ours = parse_version(version), theirs = parse_version(floor);
  return ours && theirs && *ours > *theirs;
}

bool is_version_of_ours(std::string_view version) {
  auto numbers = parse_version(version);
  return numbers && (*numbers)[2] == 9000;
}

}  // namespace fumidai::wire
