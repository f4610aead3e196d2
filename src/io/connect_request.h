#pragma once

// CONNECT (RFC 9110 9.3.6): as a server answers it that is its own and only destination, for clients that can
// be told of a proxy, and not of our address; and as a client says it to the proxy of its network.

#include <functional>
#include <string>

#include "io/tcp.h"
#include "wire/proxy.h"

namespace fumidai::io {

// Whether a name and port is what this server answers for.
using LeadsHere = std::function<bool(std::string const& host, std::uint16_t port)>;

// Reads the request and answers it. After success the peer speaks as if it had connected to that name.
// Errors: malformed, too_large, denied (and the peer was told so); closed, deadline_exceeded.
awaitable<Result<void>> answer_connect(Socket& socket, LeadsHere const& leads_here,
                                       SteadyClock::duration limit);

// Asks the proxy at the other end of the socket for a connection to the URL's host. After success that is
// what the socket is. Errors name the proxy: unavailable, when it does not let us through; deadline_exceeded.
awaitable<Result<void>> ask_for_connection(Socket& socket, wire::Proxy proxy, wire::Url to,
                                           SteadyClock::duration limit);

}  // namespace fumidai::io
