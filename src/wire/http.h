#pragma once

// HTTP/1.1 messages, read from bytes and written to bytes, without a socket. Boost.Beast's parser does the
// reading; this is the only unit of the program that sees it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace fumidai::wire {

struct HttpHeader {
  std::string name, value;
};

// Headers in order of arrival, names compared without case.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<HttpHeader> headers) : headers_(headers) {}

  void add(std::string_view name, std::string_view value) {
    headers_.push_back({std::string(name), std::string(value)});
  }
  void set(std::string_view name, std::string_view value);
  std::optional<std::string_view> find(std::string_view name) const;  // the first of that name
  std::vector<std::string_view> all(std::string_view name) const;

  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }

 private:
  std::vector<HttpHeader> headers_;
};

struct HttpRequest {
  std::string method;
  std::string target;  // as on the wire: path and query, still encoded
  HttpHeaders headers;
  std::string body;
  bool keep_alive = true;

  std::string_view path() const;   // the target up to '?', still encoded
  std::string_view query() const;  // what follows '?', still encoded
  // GET with the headers of RFC 6455 section 4.2.1.
  bool is_websocket_upgrade() const;
};

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;
  std::string body;
  bool keep_alive = true;
};

// What an unauthenticated peer may make us hold.
struct HttpLimits {
  std::size_t head = 16 * 1024;
  std::size_t body = 1024 * 1024;
};

// Reads one message. Feed it what arrived until it is done; what it did not use belongs to the next message.
template <class Message>
class HttpReader {
 public:
  explicit HttpReader(HttpLimits limits = {});
  ~HttpReader();
  HttpReader(HttpReader&&) noexcept;

  // How many of `bytes` were used: all, unless the message is done. Errors: malformed, too_large (head or
  // body over its limit).
  Result<std::size_t> feed(ByteView bytes);
  // The peer closed. An error if that cuts the message.
  Result<void> end_of_stream();
  bool is_done() const;
  bool has_started() const;
  // The head is here and the peer waits for "100 Continue" before it sends the body.
  bool wants_continue() const;
  Message take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using HttpRequestReader = HttpReader<HttpRequest>;
using HttpResponseReader = HttpReader<HttpResponse>;

// Content-Length is added; nothing else is.
std::string encode(HttpRequest const& request);
std::string encode(HttpResponse const& response);
std::string_view reason_phrase(unsigned status);

}  // namespace fumidai::wire
