#pragma once

// CONNECT (RFC 9110 9.3.6) as a server answers it that is its own and only destination: for clients that can
// be told of a proxy, and not of our address.

#include <functional>
#include <string>

#include "io/tcp.h"

namespace fumidai::io {

// Whether a name and port is what this server answers for.
using LeadsHere = std::function<bool(std::string const& host, std::uint16_t port)>;

// Reads the request and answers it. After success the peer speaks as if it had connected to that name.
// Errors: malformed, too_large, denied (and the peer was told so); closed, deadline_exceeded.
awaitable<Result<void>> answer_connect(Socket& socket, LeadsHere const& leads_here,
                                       SteadyClock::duration limit);

}  // namespace fumidai::io
