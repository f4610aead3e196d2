#pragma once

// What opens the client's data channel of a session, as StartSession answers it.

#include "api/action.h"
#include "wire/url.h"

namespace fumidai::api {

struct SessionAccess {
  std::string session_id;
  std::optional<Secret> token_value;  // none: the session is over
  std::optional<std::string> stream_url;
};
BOOST_DESCRIBE_STRUCT(SessionAccess, (), (session_id, token_value, stream_url))

inline SessionAccess access_for(Call const& call, sessions::ClientAccess access) {
  auto url = "wss://" + call.caller.reached_by + "/v1/data-channel/" +
             wire::percent_encode(access.session.text()) + "?role=publish_subscribe";
  return {access.session.text(), std::move(access.token), std::move(url)};
}

}  // namespace fumidai::api
