#include "io/http_client.h"

#include "io/connect_request.h"

namespace fumidai::io {

namespace {

awaitable<Result<Socket>> connect_by(wire::Proxy proxy, wire::Url url, SteadyClock::duration limit) {
  auto socket = co_await connect_tcp(proxy.host, proxy.port, limit);
  if (!socket)
    co_return Error{socket.error().code, "the proxy " + proxy.name() +
                                             " of HTTPS_PROXY cannot be reached: " + socket.error().detail};
  CO_CHECK(co_await ask_for_connection(*socket, std::move(proxy), std::move(url), limit));
  co_return socket;
}

}  // namespace

awaitable<Result<std::unique_ptr<Stream>>> connect(Outbound outbound, wire::Url url,
                                                   SteadyClock::duration limit, KeepAlive keep_alive) {
  CO_TRY(auto proxy, wire::proxy_for(url, outbound.proxies));
  auto connecting = proxy ? connect_by(*proxy, url, limit) : connect_tcp(url.host, url.port, limit);
  CO_TRY(auto socket, co_await std::move(connecting));
  set_socket_options(socket, keep_alive);
  if (!url.is_secure()) co_return make_tcp_stream(std::move(socket));
  co_return co_await connect_tls(outbound.tls, std::move(socket), url.host, limit);
}

awaitable<Result<void>> HttpClient::connect(SteadyClock::duration limit) {
  if (stream_) co_return success();
  CO_TRY(stream_, co_await io::connect(outbound_, origin_, limit, keep_alive_));
  co_return success();
}

awaitable<Result<wire::HttpResponse>> HttpClient::send(wire::HttpRequest request,
                                                       SteadyClock::duration limit) {
  auto bytes = wire::encode(request);
  bool was_kept = stream_ != nullptr;
  auto response = co_await exchange(bytes, limit);
  // Kept for too long: the server closed it before it read the request.
  bool stale = !response && was_kept && !answer_began_ && response.error().code == Errc::closed;
  if (stale) response = co_await exchange(bytes, limit);
  co_return response;
}

awaitable<Result<wire::HttpResponse>> HttpClient::exchange(std::string const& bytes,
                                                           SteadyClock::duration limit) {
  CO_CHECK(co_await connect(limit));
  answer_began_ = false;
  auto stream = std::move(stream_);  // kept again only when all went well
  stream->expire_after(limit);
  CO_CHECK(co_await stream->write(as_bytes(bytes)));
  wire::HttpResponseReader reader;
  Bytes chunk(16 * 1024);
  while (!reader.is_done()) {
    CO_TRY(auto count, co_await stream->read_some(chunk));
    if (count == 0) {
      if (!reader.has_started()) co_return Error{Errc::closed, "the server closed the connection"};
      CO_CHECK(reader.end_of_stream());
      break;
    }
    answer_began_ = true;
    CO_CHECK(reader.feed(ByteView(chunk).first(count)));
  }
  auto response = reader.take();
  if (response.keep_alive) {
    stream->never_expire();
    stream_ = std::move(stream);
  }
  co_return response;
}

awaitable<Result<std::unique_ptr<Stream>>> HttpClient::take_connection(SteadyClock::duration limit) {
  CO_CHECK(co_await connect(limit));
  co_return std::move(stream_);
}

}  // namespace fumidai::io
