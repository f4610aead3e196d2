#pragma once

// What stands behind the port: the API, the manager door, and the question whether the server is well.

#include "api/dispatcher.h"
#include "app/public_names.h"
#include "doors/endpoint/endpoint_door.h"
#include "doors/manager/manager_door.h"
#include "io/http_server.h"

namespace fumidai::app {

class Front : public io::HttpHandler {
 public:
  Front(api::Dispatcher& api, doors::manager::ManagerDoor& manager, doors::endpoint::EndpointDoor& endpoint)
      : api_(api), manager_(manager), endpoint_(endpoint) {}

  void set_names(PublicNames names) { names_ = std::move(names); }
  void start_draining() { draining_ = true; }

  awaitable<wire::HttpResponse> handle(wire::HttpRequest request, io::Peer peer) override;
  awaitable<void> upgrade(wire::HttpRequest request, io::Peer peer, std::unique_ptr<io::Stream> stream,
                          Bytes leftover, io::Places::Place place) override;

 private:
  identity::RequestFacts facts_of(wire::HttpRequest const& request, io::Peer const& peer) const;

  api::Dispatcher& api_;
  doors::manager::ManagerDoor& manager_;
  doors::endpoint::EndpointDoor& endpoint_;
  std::optional<PublicNames> names_;
  bool draining_ = false;
};

}  // namespace fumidai::app
