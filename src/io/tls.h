#pragma once

// TLS 1.2 and 1.3 over TCP. OpenSSL drives the descriptor itself and we wait for it: an idle connection costs
// some 20 KB this way, a third of what asio::ssl needs
// (docs/decisions/0002-own-websocket-and-tls-streams.md). Verification of the server cannot be switched off.

#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "io/stream.h"
#include "io/tcp.h"

namespace fumidai::io {

// Keys and trust for many connections. Cheap to copy, safe to share between loops.
class TlsContext {
 public:
  // Certificate chain and key as PEM text.
  static Result<TlsContext> server(std::string const& chain_pem, Secret const& key_pem);
  // Trusts `ca_pem`, or where it is empty the roots of this machine ($SSL_CERT_FILE and $SSL_CERT_DIR count).
  static Result<TlsContext> client(std::string const& ca_pem);
  // For who speaks no TLS: a handshake with it is a bug.
  static TlsContext none() { return TlsContext(nullptr); }

  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit TlsContext(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

// Before anything else of TLS: OpenSSL then reads no configuration file and loads no texts of errors. For an
// agent, whose memory these would be a tenth of; what the file could set for us (versions, verification) is
// set here anyway.
void use_little_memory_for_tls();

// Does the handshake within `limit`. Errors: malformed or closed from a peer that does not speak TLS,
// deadline_exceeded.
awaitable<Result<std::unique_ptr<Stream>>> accept_tls(TlsContext context, Socket socket,
                                                      SteadyClock::duration limit);

// Does the handshake and checks the certificate against `host`, a name or an address. Error: denied, with the
// reason for which the certificate is not trusted.
awaitable<Result<std::unique_ptr<Stream>>> connect_tls(TlsContext context, Socket socket, std::string host,
                                                       SteadyClock::duration limit);

}  // namespace fumidai::io
