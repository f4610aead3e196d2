#pragma once

// Calls of AWS JSON 1.1 operations, signed: what an agent and a client make of HTTPS.

#include <functional>
#include <string>

#include "base/clock.h"
#include "io/http_client.h"
#include "wire/json_shape.h"
#include "wire/sigv4.h"

namespace fumidai::io {

// How a request gets its signature; anonymous when there is none.
using Signer = std::function<Result<void>(wire::HttpRequest& request, std::string_view service)>;

Signer sign_with(wire::Credentials credentials, std::string region);
Signer sign_with_instance_key(std::string instance_id, Secret private_key, std::string region);

class AwsClient {
 public:
  AwsClient(Outbound outbound, wire::Url endpoint, KeepAlive keep_alive = {})
      : http_(std::move(outbound), std::move(endpoint), keep_alive) {}

  // `target` is PREFIX.Operation. An error of the service has its sentence as detail and its name in
  // last_error_name().
  awaitable<Result<wire::json::value>> call(std::string service, std::string target, wire::json::value body,
                                            Signer signer);

  template <class Response, class Request>
  awaitable<Result<Response>> call(std::string service, std::string target, Request request, Signer signer) {
    auto body = wire::to_json(request);
    CO_TRY(auto answer,
           co_await call(std::move(service), std::move(target), std::move(body), std::move(signer)));
    co_return wire::from_json<Response>(answer);
  }

  // Makes a channel at `path` and upgrades to it, over the connection of the call before: for a plane that
  // serves both at one address, one TLS handshake is enough.
  awaitable<Result<std::unique_ptr<WebSocket>>> open_channel(std::string path, std::string query,
                                                             std::size_t most_message, Signer signer,
                                                             Secret& token);

  // What the service called its last refusal; empty when it was not one.
  std::string const& last_error_name() const { return last_error_; }
  // The service's clock minus ours, from its last answer.
  std::chrono::seconds clock_difference() const { return clock_difference_; }

  wire::Url const& endpoint() const { return http_.origin(); }
  awaitable<Result<void>> connect(SteadyClock::duration limit) { return http_.connect(limit); }
  void disconnect() { http_.disconnect(); }

 private:
  awaitable<Result<wire::HttpResponse>> send(wire::HttpRequest request, std::string service, Signer signer);
  awaitable<Result<Secret>> create_channel(std::string path, Signer signer);
  Error refusal(wire::HttpResponse const& response);

  HttpClient http_;
  std::string last_error_;
  std::chrono::seconds clock_difference_{0};
};

}  // namespace fumidai::io
