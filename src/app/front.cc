#include "app/front.h"

#include "base/uuid.h"

namespace fumidai::app {

identity::RequestFacts Front::facts_of(wire::HttpRequest const& request, io::Peer const& peer) const {
  auto host = request.headers.find("host").value_or("");
  return {peer.address, Uuid::random().text(), names_ ? names_->reached_by(host) : std::string(),
          peer.via.endpoint, peer.via.service};
}

awaitable<wire::HttpResponse> Front::handle(wire::HttpRequest request, io::Peer peer) {
  if (request.path() == "/healthz") {
    wire::HttpResponse response;
    response.status = draining_ ? 503 : 200;
    response.headers = {{"Content-Type", "text/plain"}};
    response.body = draining_ ? "draining\n" : "ok\n";
    co_return response;
  }
  auto facts = facts_of(request, peer);
  co_return co_await api_.handle(std::move(request), std::move(facts));
}

awaitable<void> Front::upgrade(wire::HttpRequest request, io::Peer peer, std::unique_ptr<io::Stream> stream,
                               Bytes leftover, io::Places::Place place) {
  if (doors::manager::ManagerDoor::owns(request.path())) {
    auto facts = facts_of(request, peer);
    co_return co_await manager_.serve(std::move(request), std::move(facts), std::move(stream),
                                      std::move(leftover), std::move(place));
  }
  if (doors::endpoint::EndpointDoor::owns(request.path())) {
    auto facts = facts_of(request, peer);
    co_return co_await endpoint_.serve(std::move(request), std::move(facts), std::move(stream),
                                       std::move(leftover), std::move(place));
  }
  wire::HttpResponse response;
  response.status = 404;
  response.headers = {{"Content-Type", "text/plain"}, {"Connection", "close"}};
  response.body = "No WebSocket is served at this address.\n";
  auto bytes = wire::encode(response);
  stream->expire_after(std::chrono::seconds(5));
  co_await stream->write(as_bytes(bytes));
  stream->close();
}

}  // namespace fumidai::app
