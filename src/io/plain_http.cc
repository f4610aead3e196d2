#include "io/plain_http.h"

namespace fumidai::io {

PlainHttpServer::PlainHttpServer(asio::any_io_executor executor, Handler handler, ServerLimits limits)
    : adapter_(std::move(handler)), server_(executor, std::nullopt, adapter_, limits) {}

// There are no channels here: refused, and the connection ends.
awaitable<void> PlainHttpServer::Adapter::upgrade(wire::HttpRequest, Peer, std::unique_ptr<Stream> stream,
                                                  Bytes, Places::Place) {
  wire::HttpResponse response;
  response.status = 501;
  response.headers = {{"Connection", "close"}};
  auto bytes = wire::encode(response);
  stream->expire_after(std::chrono::seconds(10));
  co_await stream->write(as_bytes(bytes));
  stream->close();
}

}  // namespace fumidai::io
