#include "io/tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

namespace fumidai::io {

using asio::as_tuple;
using asio::use_awaitable;
using tcp = asio::ip::tcp;

namespace {

struct Deleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

std::string openssl_reason() {
  auto code = ERR_get_error();
  ERR_clear_error();
  auto const* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

Owned<BIO> memory(std::string const& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A peer that is not slow would otherwise hold the loop for as long as it sends.
constexpr int kOperationsWithoutYield = 32;

}  // namespace

void use_little_memory_for_tls() {
  OPENSSL_init_ssl(
      OPENSSL_INIT_NO_LOAD_SSL_STRINGS | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG,
      nullptr);
}

struct TlsContext::Impl {
  Owned<SSL_CTX> context;
};

namespace {

Owned<SSL_CTX> make_context(SSL_METHOD const* method) {
  // OpenSSL writes with write(2): a peer that went away must be an error of that call, not the end of the
  // process. Whoever starts a child resets signals for it (io/process.h).
  static auto const once = ::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(once);
  Owned<SSL_CTX> context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context.get(), 1);  // a record by one read, and not by two
  // Released buffers are what makes idle connections small.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

}  // namespace

Result<TlsContext> TlsContext::server(std::string const& chain_pem, Secret const& key_pem) {
  auto context = make_context(TLS_server_method());
  auto chain = memory(chain_pem), key_text = memory(key_pem.reveal());
  Owned<X509> leaf(PEM_read_bio_X509_AUX(chain.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context.get(), leaf.get()) != 1) {
    return Error{Errc::invalid, "the server certificate cannot be read: " + openssl_reason()};
  }
  while (auto* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr))
    SSL_CTX_add0_chain_cert(context.get(), next);
  ERR_clear_error();
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    return Error{Errc::invalid,
                 "the server key cannot be read or does not fit the certificate: " + openssl_reason()};
  }
  return TlsContext(std::make_shared<Impl>(Impl{std::move(context)}));
}

Result<TlsContext> TlsContext::client(std::string const& ca_pem) {
  auto context = make_context(TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    auto text = memory(ca_pem);
    int count = 0;
    while (auto* next = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
      Owned<X509> certificate(next);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate.get());
      count++;
    }
    ERR_clear_error();
    if (count == 0) return Error{Errc::invalid, "the CA file holds no certificate in PEM form"};
  }
  return TlsContext(std::make_shared<Impl>(Impl{std::move(context)}));
}

namespace {

// Of a write of several records: they leave in full packets, and wake their reader once for many.
class Cork {
 public:
  Cork(Socket& socket, ByteView bytes) : socket_(socket), wanted_(bytes.size() > SSL3_RT_MAX_PLAIN_LENGTH) {
    set(1);
  }
  ~Cork() { set(0); }
  Cork(Cork const&) = delete;
  Cork& operator=(Cork const&) = delete;

 private:
  void set(int on) {
    if (wanted_ && socket_.is_open())
      ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  }

  Socket& socket_;
  bool wanted_;
};

class TlsStream : public Stream {
 public:
  TlsStream(TlsContext const& context, Socket socket)
      : socket_(std::move(socket)), watchdog_(socket_), ssl_(SSL_new(context.impl().context.get())) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    SSL_set_fd(ssl_.get(), socket_.native_handle());
  }

  SSL* ssl() { return ssl_.get(); }

  static auto reading(MutableByteView into) {
    return [into](SSL* ssl) { return SSL_read(ssl, into.data(), static_cast<int>(into.size())); };
  }

  // Runs `operation` (an SSL_… call) until it is done, waiting for the descriptor in between. Zero is the
  // end.
  template <class Operation>
  awaitable<Result<std::size_t>> run(Operation operation) {
    if (++operations_ % kOperationsWithoutYield == 0) co_await asio::post(use_awaitable);
    for (;;) {
      auto direction = tcp::socket::wait_read;
      auto done = attempt(operation, direction);
      if (done) co_return *std::move(done);
      auto [error] = co_await socket_.async_wait(direction, as_tuple(use_awaitable));
      if (error) co_return failure(error);
    }
  }

  awaitable<Result<std::size_t>> read_some(MutableByteView into) override { return run(reading(into)); }

  std::optional<Result<std::size_t>> try_read(MutableByteView into) override {
    if ((operations_ + 1) % kOperationsWithoutYield == 0) return std::nullopt;  // read_some() yields
    operations_++;
    auto direction = tcp::socket::wait_read;
    auto come = attempt(reading(into), direction);
    reading_writes_ = !come && direction == tcp::socket::wait_write;
    return come;
  }

  awaitable<Result<void>> wait_readable() override {
    if (SSL_has_pending(ssl_.get()) == 1 || std::exchange(reading_writes_, false)) co_return success();
    if (!socket_.is_open()) co_return failure("closed");
    auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, as_tuple(use_awaitable));
    if (error) co_return failure(error);
    co_return success();
  }

  awaitable<Result<void>> write(ByteView bytes) override {
    Cork cork(socket_, bytes);
    while (!bytes.empty()) {
      auto write_some = [bytes](SSL* ssl) {
        return SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
      };
      auto count = co_await run(write_some);
      if (!count) co_return count.error();
      if (*count == 0) co_return failure("the peer has closed");
      bytes = bytes.subspan(*count);
    }
    co_return success();
  }

  void finish_writing() override {
    if (!socket_.is_open()) return;
    say_goodbye();
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  void set_deadline(SteadyTime deadline) override { watchdog_.set(deadline); }

  void close() override {
    if (!socket_.is_open()) return;
    say_goodbye();
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  // If that is possible without waiting; a session that failed must not be asked to.
  void say_goodbye() {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) == 1 && SSL_get_shutdown(ssl_.get()) == 0) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  // Once; nothing, when that direction of the descriptor has to be waited for.
  template <class Operation>
  std::optional<Result<std::size_t>> attempt(Operation operation, tcp::socket::wait_type& direction) {
    if (!socket_.is_open()) return failure("closed");
    ERR_clear_error();
    errno = 0;
    int result = operation(ssl_.get());
    if (result > 0) return static_cast<std::size_t>(result);
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ: direction = tcp::socket::wait_read; return std::nullopt;
      case SSL_ERROR_WANT_WRITE: direction = tcp::socket::wait_write; return std::nullopt;
      case SSL_ERROR_ZERO_RETURN: return std::size_t{0};
      case SSL_ERROR_SYSCALL:
        if (errno == 0) return std::size_t{0};
        return failure(std::generic_category().message(errno), errno);
      default: return failure(openssl_reason());
    }
  }

  Error failure(std::string const& reason) const { return failure(reason, 0); }
  Error failure(boost::system::error_code error) const { return failure(error.message(), error.value()); }
  Error failure(std::string const& reason, int number) const {
    if (watchdog_.has_bitten()) return {Errc::deadline_exceeded, "no answer in time"};
    return {is_silence(number) ? Errc::deadline_exceeded : Errc::closed, "the connection broke: " + reason};
  }

  Socket socket_;
  Watchdog watchdog_;
  Owned<SSL> ssl_;
  int operations_ = 0;
  bool reading_writes_ = false;  // first, for TLS's own sake: read_some() waits for that
};

}  // namespace

namespace {

// Whoever connects and says nothing costs us a socket, and not the 40 KB of a handshake.
awaitable<Result<void>> wait_for_first_byte(Socket& socket, SteadyTime deadline) {
  Watchdog watchdog(socket);
  watchdog.set(deadline);
  auto [error] = co_await socket.async_wait(tcp::socket::wait_read, as_tuple(use_awaitable));
  if (watchdog.has_bitten()) co_return Error{Errc::deadline_exceeded, "not a byte in time"};
  if (error) co_return Error{Errc::closed, "the connection broke: " + error.message()};
  co_return success();
}

}  // namespace

awaitable<Result<std::unique_ptr<Stream>>> accept_tls(TlsContext context, Socket socket,
                                                      SteadyClock::duration limit) {
  auto deadline = SteadyClock::now() + limit;
  CO_CHECK(co_await wait_for_first_byte(socket, deadline));
  auto stream = std::make_unique<TlsStream>(context, std::move(socket));
  stream->set_deadline(deadline);
  auto done = co_await stream->run([](SSL* ssl) { return SSL_accept(ssl); });
  if (!done) co_return done.error();
  if (*done == 0) co_return Error{Errc::closed, "the peer closed the connection during the TLS handshake"};
  co_return std::move(stream);
}

awaitable<Result<std::unique_ptr<Stream>>> connect_tls(TlsContext context, Socket socket, std::string host,
                                                       SteadyClock::duration limit) {
  auto stream = std::make_unique<TlsStream>(context, std::move(socket));
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    SSL_set_tlsext_host_name(stream->ssl(), host.c_str());
    SSL_set1_host(stream->ssl(), host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream->ssl()), host.c_str());
  }
  stream->expire_after(limit);
  auto done = co_await stream->run([](SSL* ssl) { return SSL_connect(ssl); });
  auto trust = SSL_get_verify_result(stream->ssl());
  if (trust != X509_V_OK) {
    co_return Error{Errc::denied, "the certificate of " + host +
                                      " is not trusted: " + X509_verify_cert_error_string(trust)};
  }
  if (!done) co_return Error{done.error().code, "TLS handshake with " + host + ": " + done.error().detail};
  if (*done == 0) co_return Error{Errc::closed, host + " closed the connection during the TLS handshake"};
  stream->never_expire();
  co_return std::move(stream);
}

}  // namespace fumidai::io
