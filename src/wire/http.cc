#include "wire/http.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace fumidai::wire {

namespace http = boost::beast::http;

void HttpHeaders::set(std::string_view name, std::string_view value) {
  std::erase_if(headers_, [&](auto const& header) { return equal_ignoring_case(header.name, name); });
  add(name, value);
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const {
  for (auto const& header : headers_) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> HttpHeaders::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (auto const& header : headers_) {
    if (equal_ignoring_case(header.name, name)) values.push_back(header.value);
  }
  return values;
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  auto mark = target.find('?');
  return mark == target.npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

bool HttpRequest::is_websocket_upgrade() const {
  auto has_token = [&](std::string_view name, std::string_view token) {
    for (auto value : headers.all(name)) {
      for (auto part : split(value, ',')) {
        if (equal_ignoring_case(trimmed(part), token)) return true;
      }
    }
    return false;
  };
  return method == "GET" && has_token("Connection", "upgrade") && has_token("Upgrade", "websocket");
}

namespace {

template <class Message>
struct BeastMessage;
template <>
struct BeastMessage<HttpRequest> {
  using Parser = http::request_parser<http::string_body>;
};
template <>
struct BeastMessage<HttpResponse> {
  using Parser = http::response_parser<http::string_body>;
};

Error parse_error(boost::system::error_code code) {
  if (code == http::error::header_limit)
    return {Errc::too_large, "the head of the HTTP message is over the limit"};
  if (code == http::error::body_limit)
    return {Errc::too_large, "the body of the HTTP message is over the limit"};
  return {Errc::malformed, "not HTTP/1.1: " + code.message()};
}

// Anything but plain "chunked" we would take for no body at all, and what follows for the next message
// (RFC 9112 section 6.1).
bool has_foreign_coding(http::fields const& fields) {
  auto codings = fields.equal_range(http::field::transfer_encoding);
  if (codings.first == codings.second) return false;
  bool one = std::next(codings.first) == codings.second;
  return !one || !boost::beast::iequals(codings.first->value(), "chunked");
}

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

template <class Message>
struct HttpReader<Message>::Impl {
  typename BeastMessage<Message>::Parser parser;
  Bytes pending;  // half a line, of which the parser wants the rest first; at most a head
};

template <class Message>
HttpReader<Message>::HttpReader(HttpLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(true);
  impl_->parser.header_limit(static_cast<std::uint32_t>(limits.head));
  impl_->parser.body_limit(limits.body);
}

template <class Message>
HttpReader<Message>::~HttpReader() = default;
template <class Message>
HttpReader<Message>::HttpReader(HttpReader&&) noexcept = default;

template <class Message>
Result<std::size_t> HttpReader<Message>::feed(ByteView bytes) {
  auto& pending = impl_->pending;
  pending.insert(pending.end(), bytes.begin(), bytes.end());
  std::size_t parsed = 0;
  while (parsed < pending.size() && !impl_->parser.is_done()) {
    boost::system::error_code code;
    auto taken =
        impl_->parser.put(boost::asio::buffer(pending.data() + parsed, pending.size() - parsed), code);
    parsed += taken;
    if (code == http::error::need_more) break;
    if (code) return parse_error(code);
    if (taken == 0) break;
  }
  if (impl_->parser.is_header_done() && has_foreign_coding(impl_->parser.get()))
    return Error{Errc::malformed, "a Transfer-Encoding other than chunked"};
  pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(parsed));
  if (!impl_->parser.is_done()) return bytes.size();
  // What is left was not here before this call: the parser would have used it then.
  auto unused = pending.size();
  pending.clear();
  return bytes.size() - unused;
}

template <class Message>
Result<void> HttpReader<Message>::end_of_stream() {
  boost::system::error_code code;
  impl_->parser.put_eof(code);
  if (code) return Error{Errc::closed, "the peer closed the connection in the middle of an HTTP message"};
  return success();
}

template <class Message>
bool HttpReader<Message>::is_done() const {
  return impl_->parser.is_done();
}

template <class Message>
bool HttpReader<Message>::has_started() const {
  return impl_->parser.got_some() || !impl_->pending.empty();
}

template <class Message>
bool HttpReader<Message>::wants_continue() const {
  if (!impl_->parser.is_header_done() || impl_->parser.is_done()) return false;
  return boost::beast::iequals(impl_->parser.get()[http::field::expect], "100-continue");
}

template <class Message>
Message HttpReader<Message>::take() {
  auto keep_alive = impl_->parser.keep_alive();
  auto parsed = impl_->parser.release();
  Message message;
  message.keep_alive = keep_alive;
  if constexpr (std::is_same_v<Message, HttpRequest>) {
    message.method = view(parsed.method_string());
    message.target = view(parsed.target());
  } else {
    message.status = parsed.result_int();
  }
  for (auto const& field : parsed) message.headers.add(view(field.name_string()), view(field.value()));
  message.body = std::move(parsed.body());
  return message;
}

template class HttpReader<HttpRequest>;
template class HttpReader<HttpResponse>;

namespace {

void append_headers_and_body(std::string& text, HttpHeaders const& headers, std::string const& body,
                             bool has_length) {
  for (auto const& header : headers) {
    text += header.name;
    text += ": ";
    text += header.value;
    text += "\r\n";
  }
  if (has_length) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
}

}  // namespace

std::string encode(HttpRequest const& request) {
  auto text = request.method + " " + request.target + " HTTP/1.1\r\n";
  append_headers_and_body(text, request.headers, request.body, request.method != "GET");
  return text;
}

std::string encode(HttpResponse const& response) {
  auto text = "HTTP/1.1 " + std::to_string(response.status) + " " +
              std::string(reason_phrase(response.status)) + "\r\n";
  append_headers_and_body(text, response.headers, response.body, response.status >= 200);
  return text;
}

std::string_view reason_phrase(unsigned status) {
  return view(http::obsolete_reason(http::int_to_status(status)));
}

}  // namespace fumidai::wire
