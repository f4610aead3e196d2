#pragma once

// The token that opens one channel once. Sealed with a key of the deployment, so that nothing needs to be
// stored for those that are never used; that each is used once is the registry's to remember.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret.h"

namespace fumidai::sessions {

enum class ChannelRole { control, agent, client };

struct ChannelToken {
  std::string process;  // whose it is: that each was used once is remembered there
  ChannelRole role;
  std::string subject;  // a session's id, for the control channel an instance's
  std::string nonce;
  Time issued_at{};

  static constexpr std::chrono::minutes kLifetime{5};
  bool is_expired(Time now) const { return now > issued_at + kLifetime; }
};

Secret make_channel_token(Secret const& key, std::string const& process, ChannelRole role,
                          std::string const& subject, Time now);

// Nothing when the text is not a token of ours.
std::optional<ChannelToken> open_channel_token(Secret const& key, std::string_view text);

}  // namespace fumidai::sessions
