#include "sessions/channel_token.h"

#include <boost/describe/class.hpp>

#include "base/random.h"
#include "base/seal.h"
#include "wire/json_shape.h"

namespace fumidai::sessions {

namespace {

constexpr char const* kContext = "channel token";
constexpr std::size_t kMostText = 512;

struct Claims {
  std::string p, r, s, n;
  std::int64_t t = 0;
};
BOOST_DESCRIBE_STRUCT(Claims, (), (p, r, s, n, t))

std::string_view text_of(ChannelRole role) {
  switch (role) {
    case ChannelRole::control: return "control";
    case ChannelRole::agent: return "agent";
    case ChannelRole::client: return "client";
  }
  return "";
}

}  // namespace

Secret make_channel_token(Secret const& key, std::string const& process, ChannelRole role,
                          std::string const& subject, Time now) {
  Claims claims{process, std::string(text_of(role)), subject, random_hex(16), to_millis(now)};
  return Secret(to_base64(as_bytes(seal(key, wire::to_json_text(claims), kContext))));
}

std::optional<ChannelToken> open_channel_token(Secret const& key, std::string_view text) {
  if (text.size() > kMostText) return std::nullopt;
  auto sealed = from_base64(text);
  if (!sealed) return std::nullopt;
  auto plain = open_sealed(key, as_text(*sealed), kContext);
  if (!plain) return std::nullopt;
  auto claims = wire::from_json_text<Claims>(plain->reveal());
  if (!claims) return std::nullopt;
  for (auto role : {ChannelRole::control, ChannelRole::agent, ChannelRole::client}) {
    if (text_of(role) == claims->r)
      return ChannelToken{claims->p, role, claims->s, claims->n, from_millis(claims->t)};
  }
  return std::nullopt;
}

}  // namespace fumidai::sessions
