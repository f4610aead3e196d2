#include "io/connect_request.h"

#include <boost/asio/write.hpp>

#include "base/bytes.h"
#include "wire/url.h"

namespace fumidai::io {

using asio::as_tuple;
using asio::use_awaitable;

namespace {

constexpr std::size_t kMostHead = 8 * 1024;
constexpr std::string_view kEmptyLine = "\r\n\r\n";

// Of either side: what came until the empty line did, which may be more than the head.
awaitable<Result<std::string>> read_head(Socket& socket) {
  std::string head;
  while (head.find(kEmptyLine) == head.npos) {
    if (head.size() >= kMostHead) co_return Error{Errc::too_large, "a head of more than 8 KiB"};
    char chunk[1024];
    auto [error, count] = co_await socket.async_read_some(asio::buffer(chunk), as_tuple(use_awaitable));
    if (error) co_return Error{Errc::closed, "the peer closed the connection"};
    head.append(chunk, count);
  }
  co_return head;
}

// What comes after the empty line is not for us: it would be lost.
Result<void> nothing_follows(std::string_view head) {
  if (head.find(kEmptyLine) + kEmptyLine.size() == head.size()) return success();
  return Error{Errc::malformed, "something follows the head of a CONNECT before its time"};
}

Result<void> judge(std::string_view head, LeadsHere const& leads_here) {
  CHECK(nothing_follows(head));
  auto words = split(head.substr(0, head.find("\r\n")), ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1."))
    return Error{Errc::malformed, "this is no HTTP request"};
  auto at = wire::parse_host_port(std::string(words[1]));
  bool is_ours = words[0] == "CONNECT" && at && leads_here(to_lower(at->host), at->port);
  if (is_ours) return success();
  return Error{Errc::denied,
               "this is no general proxy: it takes CONNECT to port 443 of the names of connect endpoints"};
}

awaitable<Result<void>> say(Socket& socket, std::string answer) {
  auto [error, count] = co_await asio::async_write(socket, asio::buffer(answer), as_tuple(use_awaitable));
  if (error) co_return Error{Errc::closed, error.message()};
  co_return success();
}

awaitable<Result<void>> answer(Socket& socket, LeadsHere const& leads_here) {
  auto head = co_await read_head(socket);
  auto verdict = head ? judge(*head, leads_here) : Result<void>(head.error());
  if (verdict) co_return co_await say(socket, "HTTP/1.1 200 Connection established\r\n\r\n");
  auto const& error = verdict.error();
  if (error.code == Errc::closed) co_return error;
  std::string status = error.code == Errc::denied ? "403 Forbidden" : "400 Bad Request";
  co_await say(socket, "HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nConnection: close\r\n" +
                           "Content-Length: " + std::to_string(error.detail.size() + 1) + "\r\n\r\n" +
                           error.detail + "\n");
  co_return error;
}

awaitable<Result<void>> ask(Socket& socket, std::string request) {
  CO_CHECK(co_await say(socket, std::move(request)));
  CO_TRY(auto head, co_await read_head(socket));
  CO_CHECK(wire::judge_connect_answer(head));  // a refusal may come with a page for browsers
  co_return nothing_follows(head);
}

}  // namespace

awaitable<Result<void>> answer_connect(Socket& socket, LeadsHere const& leads_here,
                                       SteadyClock::duration limit) {
  auto work = answer(socket, leads_here);
  co_return co_await within(limit, std::move(work));
}

awaitable<Result<void>> ask_for_connection(Socket& socket, wire::Proxy proxy, wire::Url to,
                                           SteadyClock::duration limit) {
  auto work = ask(socket, wire::connect_request(proxy, to));
  auto asked = co_await within(limit, std::move(work));
  if (asked) co_return success();
  auto code = asked.error().code == Errc::deadline_exceeded ? Errc::deadline_exceeded : Errc::unavailable;
  co_return Error{code, "no connection to " + to.authority() + " by the proxy " + proxy.name() +
                            " of HTTPS_PROXY: " + asked.error().detail};
}

}  // namespace fumidai::io
