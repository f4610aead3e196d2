#include "client/tunnel.h"

#include <boost/describe/class.hpp>

#include "io/task_group.h"

namespace fumidai::client {

using namespace std::chrono_literals;

namespace {

constexpr auto kOpening = 10s, kUrlLife = 60s;
constexpr std::size_t kMostMessage = 128 * 1024, kMostFrame = 64'000;

struct FindRequest {
  std::string target;
};
BOOST_DESCRIBE_STRUCT(FindRequest, (), (target))

struct FoundEndpoint {
  std::string instance_connect_endpoint_id, dns_name;
};
BOOST_DESCRIBE_STRUCT(FoundEndpoint, (), (instance_connect_endpoint_id, dns_name))

struct FindResponse {
  std::string instance_id, private_ip_address;
  std::vector<FoundEndpoint> endpoints;
};
BOOST_DESCRIBE_STRUCT(FindResponse, (), (instance_id, private_ip_address, endpoints))

// The name of the endpoint is what is signed; the connection goes to the plane's own address, which answers
// for all of its names.
awaitable<Result<std::unique_ptr<io::WebSocket>>> open_at(Plane& plane, wire::OpenTunnel asked,
                                                          std::string dns_name) {
  auto const& profile = plane.profile();
  CO_TRY(auto url, wire::parse_url(profile.endpoint));
  wire::HttpRequest request;
  request.method = "GET";
  request.target = wire::presign(wire::open_tunnel_target(asked), dns_name, profile.credentials,
                                 profile.region, "ec2-instance-connect", SystemClock().now(), kUrlLife);
  request.headers.set("Host", dns_name);
  CO_TRY(auto stream, co_await io::connect(plane.tls(), std::move(url), kOpening));
  co_return co_await io::upgrade_client(std::move(stream), std::move(request), kMostMessage, kOpening);
}

awaitable<Result<void>> receive(io::WebSocket& tunnel, NearEnd& near) {
  for (;;) {
    auto message = co_await tunnel.read();
    if (!message) {
      auto const& closed = tunnel.closed_by_peer();
      if (!closed) co_return message.error();
      if (closed->code == 1000) co_return success();
      co_return Error{Errc::closed, closed->text.empty() ? "the tunnel was closed" : closed->text};
    }
    bool taken = co_await near.write(to_bytes(message->payload));
    if (!taken) co_return success();
  }
}

awaitable<void> finish(io::WebSocket& tunnel, io::TaskGroup& sender) {
  co_await tunnel.close(1000, "");
  sender.cancel();
  co_await sender.join();
}

}  // namespace

awaitable<Result<TunnelTarget>> find_tunnel(Plane& plane, std::string target) {
  auto body = wire::to_json(FindRequest{std::move(target)});
  CO_TRY(auto answer, co_await plane.call("fumidai", "Fumidai.FindTunnel", body.as_object()));
  CO_TRY(auto found, wire::from_json<FindResponse>(answer));
  TunnelTarget way{found.instance_id, found.private_ip_address, {}};
  for (auto const& [id, dns_name] : found.endpoints) way.endpoints.push_back({id, dns_name});
  // It becomes words of command lines.
  bool is_id = way.instance.starts_with("i-") &&
               way.instance.find_first_not_of("0123456789abcdef", 2) == way.instance.npos;
  if (!is_id || way.endpoints.empty())
    co_return Error{Errc::malformed, "the plane named no instance and endpoint"};
  co_return way;
}

awaitable<Result<std::unique_ptr<io::WebSocket>>> open_tunnel(Plane& plane, TunnelTarget target,
                                                              std::uint16_t port,
                                                              std::chrono::seconds duration, Tell tell) {
  Error last{Errc::not_found, "there is no connect endpoint"};
  auto address = Address::parse(target.address);
  if (!address) co_return Error{Errc::malformed, "the plane gave no address"};
  for (auto const& endpoint : target.endpoints) {
    wire::OpenTunnel asked{endpoint.id, port, *address, duration};
    auto opened = co_await open_at(plane, std::move(asked), endpoint.dns_name);
    if (opened) co_return opened;
    last = opened.error();
    // What policies or parameters refuse, another endpoint may yet allow.
    if (&endpoint != &target.endpoints.back()) tell(endpoint.id + ": " + last.detail + "; trying the next");
  }
  co_return last;
}

awaitable<Result<void>> carry_tunnel(io::WebSocket& tunnel, NearEnd near) {
  auto send = [](io::WebSocket& to, NearEnd& from) -> awaitable<void> {
    for (;;) {
      auto bytes = co_await from.read();
      if (bytes.empty()) break;
      for (ByteView left = bytes; !left.empty(); left = left.subspan(std::min(left.size(), kMostFrame))) {
        auto written = co_await to.write(wire::Opcode::binary, left.first(std::min(left.size(), kMostFrame)));
        if (!written) co_return;
      }
    }
    // As the AWS CLI says that its input has ended, but only as often as it takes.
    for (int i = 0; i < wire::EmptyFrames::kMost; i++) {
      auto written = co_await to.write(wire::Opcode::binary, ByteView());
      if (!written) co_return;
    }
  };
  io::TaskGroup sender(co_await asio::this_coro::executor, "tunnel input");
  sender.spawn(send(tunnel, near));
  Result<void> outcome = success();
  std::exception_ptr cancelled;
  try {
    outcome = co_await receive(tunnel, near);
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await io::to_the_end(finish(tunnel, sender));
  if (cancelled) std::rethrow_exception(cancelled);
  co_return outcome;
}

}  // namespace fumidai::client
