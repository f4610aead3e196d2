#include "client/tunnel.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/describe/class.hpp>

#include "client/channel_tunnel.h"
#include "client/websocket_tunnel.h"
#include "wire/await_target.h"

namespace fumidai::client {

namespace {

struct FindRequest {
  std::string target;
};
BOOST_DESCRIBE_STRUCT(FindRequest, (), (target))

struct FoundEndpoint {
  std::string instance_connect_endpoint_id, dns_name;
  bool resumable = false;
};
BOOST_DESCRIBE_STRUCT(FoundEndpoint, (), (instance_connect_endpoint_id, dns_name, resumable))

struct FindResponse {
  std::string instance_id, private_ip_address;
  std::vector<FoundEndpoint> endpoints;
  bool agent_connected = false;
};
BOOST_DESCRIBE_STRUCT(FindResponse, (), (instance_id, private_ip_address, endpoints, agent_connected))

// What failed so soon is told in time also when it fails twice, and a way that has a next one fails so soon.
constexpr std::chrono::seconds kSoon{4};
constexpr std::chrono::milliseconds kWay{4550};
// Who waits for so long wants to know for what.
constexpr std::chrono::seconds kSlow{2};
// For the plane to hear of the failure, which is told to us first, and to choose another agent.
constexpr std::chrono::milliseconds kHearing{150};

// By an agent of the endpoint. Where that one dies at this moment, the endpoint may have another.
awaitable<Result<std::unique_ptr<Tunnel>>> open_by_agent(Plane& plane, wire::OpenTunnel asked, Tell tell,
                                                         io::SteadyTime deadline) {
  auto begun = io::SteadyClock::now();
  auto opened = co_await open_channel_tunnel(plane.another(), asked, tell, deadline);
  bool is_final = opened || opened.error().code == Errc::denied || io::SteadyClock::now() - begun > kSoon ||
                  io::SteadyClock::now() >= deadline;
  if (is_final) co_return opened;
  co_await io::sleep_for(kHearing);
  auto again = co_await open_channel_tunnel(plane.another(), asked, tell, deadline);
  // The plane was not silent a moment ago: there was not the time.
  bool was_silent = opened.error().code == Errc::deadline_exceeded;
  if (!again && again.error().code == Errc::deadline_exceeded && !was_silent) co_return opened;
  co_return again;
}

// One target, and the ways to it.
class Opening {
 public:
  Opening(Plane& plane, TunnelTarget target, std::uint16_t port, std::chrono::seconds duration, Tell tell,
          bool is_verbose)
      : plane_(plane),
        target_(std::move(target)),
        port_(port),
        duration_(duration),
        tell_(std::move(tell)),
        tells_way_(is_verbose) {}

  awaitable<Result<std::unique_ptr<Tunnel>>> run(io::SteadyTime deadline) {
    Error failed{Errc::not_found, "there is no connect endpoint"};
    for (std::size_t way = 0; way < target_.ways(); way++) {
      bool is_last = way + 1 == target_.ways();
      auto limit = is_last ? deadline : std::min(deadline, io::SteadyClock::now() + kWay);
      auto opened = co_await open_or_tell(way, limit);
      if (opened && tells_way_) tell_("connected to " + target_.name() + " through " + target_.way(way));
      if (opened) co_return opened;
      if (is_last) co_return way == 0 ? opened.error() : last_error(failed, way, opened.error());
      if (is_silent(opened.error())) co_return opened.error();
      failed = io::SteadyClock::now() < limit ? opened.error() : no_answer();
      // What policies or parameters refuse, another way may yet allow.
      tell_trouble(target_.way(way) + ": " + failed.detail + "; trying " + target_.way(way + 1));
      deadline = std::max(deadline, io::SteadyClock::now() + kWay);
    }
    co_return failed;
  }

 private:
  awaitable<Result<std::unique_ptr<Tunnel>>> open_or_tell(std::size_t way, io::SteadyTime deadline) {
    auto executor = co_await asio::this_coro::executor;
    auto both = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, open(way, deadline), asio::deferred),
        asio::co_spawn(executor, tell_when_slow(way), asio::deferred));
    auto first = asio::experimental::wait_for_one();
    auto [order, thrown, opened, not_told] = co_await both.async_wait(first, asio::use_awaitable);
    auto failure = order[0] == 0 ? thrown : not_told;
    if (failure) std::rethrow_exception(failure);
    co_return std::move(opened);
  }

  awaitable<void> tell_when_slow(std::size_t way) {
    co_await io::sleep_for(kSlow);
    if (!has_told_) tell_trouble("trying " + target_.way(way));
    io::Signal never(co_await asio::this_coro::executor);
    co_await never.wait();  // ended with the opening
  }

  void tell_trouble(std::string const& sentence) {
    has_told_ = tells_way_ = true;
    tell_(sentence);
  }

  awaitable<Result<std::unique_ptr<Tunnel>>> open(std::size_t way, io::SteadyTime deadline) {
    if (way == target_.endpoints.size())
      co_return co_await open_agent_tunnel(plane_.another(), target_.instance, port_, tell_, deadline);
    auto const& endpoint = target_.endpoints[way];
    auto address = Address::parse(target_.address);
    if (!address) co_return Error{Errc::malformed, "the plane gave no address"};
    wire::OpenTunnel asked{endpoint.id, port_, *address, duration_};
    if (endpoint.is_resumable) co_return co_await open_by_agent(plane_, std::move(asked), tell_, deadline);
    co_return co_await open_websocket_tunnel(plane_, std::move(asked), endpoint.dns_name, deadline);
  }

  // An endpoint is the way that is meant to be, where the plane is there at all.
  Error last_error(Error const& before, std::size_t way, Error const& last) const {
    bool is_of_agent = way == target_.endpoints.size();
    if (!is_of_agent || is_silent(last)) return last;
    tell_(target_.way(way) + ": " + last.detail);
    return before;
  }

  // The plane itself, by which all ways lead.
  static bool is_silent(Error const& error) { return error.code == Errc::deadline_exceeded; }

  // By an agent, which dials for longer.
  Error no_answer() const {
    return {Errc::unavailable, wire::no_answer(target_.address, port_, target_.instance, kSoon)};
  }

  Plane& plane_;
  TunnelTarget target_;
  std::uint16_t port_;
  std::chrono::seconds duration_;
  Tell tell_;
  bool tells_way_, has_told_ = false;
};

// It becomes words of command lines.
bool is_instance_id(std::string const& text) {
  auto digits = text.starts_with("mi-") ? 3u : text.starts_with("i-") ? 2u : 0u;
  return digits > 0 && text.find_first_not_of("0123456789abcdef", digits) == text.npos;
}

}  // namespace

std::string const& TunnelTarget::name() const {
  return instance.empty() ? address : instance;
}

std::string TunnelTarget::way(std::size_t number) const {
  return number < endpoints.size() ? "connect endpoint " + endpoints[number].id : "its own agent";
}

awaitable<Result<TunnelTarget>> find_tunnel(Plane& plane, std::string target, io::SteadyTime deadline) {
  auto body = wire::to_json(FindRequest{std::move(target)});
  auto asking = plane.call("fumidai", "Fumidai.FindTunnel", body.as_object());
  CO_TRY(auto answer, co_await plane.until(deadline, std::move(asking)));
  CO_TRY(auto found, wire::from_json<FindResponse>(answer));
  TunnelTarget way{found.instance_id, found.private_ip_address, {}, found.agent_connected};
  for (auto const& each : found.endpoints)
    way.endpoints.push_back({each.instance_connect_endpoint_id, each.dns_name, each.resumable});
  bool is_named =
      way.instance.empty() ? Address::parse(way.address).has_value() : is_instance_id(way.instance);
  if (!is_named || (way.endpoints.empty() && !way.has_agent))
    co_return Error{Errc::malformed, "the plane named no instance and no way to it"};
  co_return way;
}

awaitable<Result<std::unique_ptr<Tunnel>>> open_tunnel(Plane& plane, TunnelTarget target, std::uint16_t port,
                                                       std::chrono::seconds duration, Tell tell,
                                                       io::SteadyTime deadline, bool is_verbose) {
  Opening opening(plane, std::move(target), port, duration, std::move(tell), is_verbose);
  co_return co_await opening.run(deadline);
}

}  // namespace fumidai::client
