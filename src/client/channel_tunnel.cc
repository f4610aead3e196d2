#include "client/channel_tunnel.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/describe/class.hpp>

#include "client/data_channel.h"
#include "io/task_group.h"
#include "io/tunnel_client.h"
#include "model/session_document.h"
#include "wire/session_payloads.h"

namespace fumidai::client {

using namespace std::chrono_literals;

namespace {

// For the other end to hear that a tunnel which was never open is given up.
constexpr auto kGivingUp = 300ms;

struct OpenRequest {
  std::string instance_connect_endpoint_id, private_ip_address;
  std::int64_t remote_port = 0, max_tunnel_duration = 0;
  std::optional<std::string> session_id;  // of one that is resumed
};
BOOST_DESCRIBE_STRUCT(OpenRequest, (),
                      (instance_connect_endpoint_id, private_ip_address, remote_port, max_tunnel_duration,
                       session_id))

struct OpenResponse {
  std::string session_id;
  std::optional<Secret> token_value;
  std::string stream_url;
};
BOOST_DESCRIBE_STRUCT(OpenResponse, (), (session_id, token_value, stream_url))

awaitable<Result<Access>> ask_for_access(Plane& plane, std::string operation, OpenRequest request,
                                         io::SteadyTime deadline) {
  auto body = wire::to_json(request);
  auto asking = plane.call("fumidai", "Fumidai." + std::move(operation), std::move(body.as_object()));
  CO_TRY(auto answer, co_await plane.until(deadline, std::move(asking)));
  // It would take a place at the plane that thousands of tunnels from one address do not have.
  plane.disconnect();
  CO_TRY(auto response, wire::from_json<OpenResponse>(answer));
  co_return Access{response.session_id, response.token_value, response.stream_url, {}};
}

class ChannelTunnel : public Tunnel {
 public:
  using Resume = std::function<awaitable<Result<Access>>(Plane& plane, std::string const& session)>;

  ChannelTunnel(asio::any_io_executor executor, Plane plane, Access access, Resume resume, Tell tell)
      : plane_(std::move(plane)),
        access_(std::move(access)),
        resume_(std::move(resume)),
        client_(executor, clock_, wire::kNativeClientVersion, [this] { return connect(); }),
        tasks_(executor, "tunnel"),
        sender_(executor, "tunnel input") {
    client_.on_notice = std::move(tell);
  }

  // To be called once, and carry() after it, or not at all: either one ends what the other began.
  awaitable<Result<void>> open(io::SteadyTime deadline) {
    tasks_.spawn(keep_connected());
    auto opened = co_await client_.open(deadline);
    if (opened) co_return opened;
    co_await io::to_the_end(finish(kGivingUp));
    co_return Error{Errc::unavailable, opened.error().detail};
  }

  awaitable<Result<void>> carry(NearEnd near) override {
    sender_.spawn(send(near));
    Result<void> outcome = success();
    std::exception_ptr cancelled;
    try {
      outcome = co_await receive(near);
    } catch (...) {
      cancelled = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await io::to_the_end(finish(io::TunnelClient::kUsualPatience));
    if (cancelled) std::rethrow_exception(cancelled);
    co_return outcome;
  }

  void hang_up() override { tasks_.spawn(client_.close()); }

 private:
  awaitable<Result<std::shared_ptr<io::WebSocket>>> connect() {
    if (!std::exchange(is_first_, false)) {
      CO_TRY(access_, co_await resume_(plane_, access_.session_id));
      if (!access_.token) co_return Error{Errc::not_found, "The tunnel ended while the connection was lost."};
    }
    co_return co_await open_data_channel(plane_.outbound(), access_);
  }

  awaitable<void> keep_connected() { co_await client_.run(); }

  awaitable<void> send(NearEnd& near) {
    for (;;) {
      auto bytes = co_await near.read();
      if (bytes.empty()) break;
      auto written = co_await client_.write(bytes);
      if (!written) co_return;
    }
    co_await client_.finish_writing();
  }

  awaitable<Result<void>> receive(NearEnd& near) {
    using namespace asio::experimental::awaitable_operators;
    for (;;) {
      CO_TRY(auto bytes, co_await client_.read());
      if (bytes.empty()) break;
      bool taken = co_await near.write(std::move(bytes));
      if (!taken) co_return success();
    }
    // The other end has said all. It may still listen.
    if (near.finish && sender_.size() > 0) {
      near.finish();
      auto first = co_await (sender_.join() || client_.read());
      if (first.index() == 1 && !std::get<1>(first)) co_return std::get<1>(first).error();
    }
    co_return success();
  }

  awaitable<void> finish(io::SteadyClock::duration patience) {
    sender_.cancel();
    co_await sender_.join();
    co_await client_.close(patience);
    tasks_.cancel();
    co_await tasks_.join();
  }

  Plane plane_;
  Access access_;
  Resume resume_;
  SystemClock clock_;
  io::TunnelClient client_;
  io::TaskGroup tasks_, sender_;
  bool is_first_ = true;
};

awaitable<Result<std::unique_ptr<Tunnel>>> opened(Plane plane, Access access, ChannelTunnel::Resume resume,
                                                  Tell tell, io::SteadyTime deadline) {
  auto executor = co_await asio::this_coro::executor;
  auto tunnel = std::make_unique<ChannelTunnel>(executor, std::move(plane), std::move(access),
                                                std::move(resume), std::move(tell));
  CO_CHECK(co_await tunnel->open(deadline));
  co_return tunnel;
}

}  // namespace

awaitable<Result<std::unique_ptr<Tunnel>>> open_channel_tunnel(Plane plane, wire::OpenTunnel asked, Tell tell,
                                                               io::SteadyTime deadline) {
  OpenRequest request{asked.endpoint, asked.address.text(), asked.port, asked.duration.count(), {}};
  CO_TRY(auto access, co_await ask_for_access(plane, "OpenTunnel", request, deadline));
  ChannelTunnel::Resume resume = [request](Plane& by, std::string const& session) {
    auto again = request;
    again.session_id = session;
    return ask_for_access(by, "ResumeTunnel", std::move(again), time_to_tell());
  };
  co_return co_await opened(std::move(plane), std::move(access), std::move(resume), std::move(tell),
                            deadline);
}

awaitable<Result<std::unique_ptr<Tunnel>>> open_agent_tunnel(Plane plane, std::string instance,
                                                             std::uint16_t port, Tell tell,
                                                             io::SteadyTime deadline) {
  SessionOrder order{std::move(instance),
                     std::string(model::kSshDocument),
                     {{"portNumber", {std::to_string(port)}}},
                     std::string(kAgentTunnelReason) + std::to_string(port)};
  auto starting = plane.start_session(std::move(order));
  CO_TRY(auto access, co_await plane.until(deadline, std::move(starting)));
  ChannelTunnel::Resume resume = [](Plane& by, std::string const& session) {
    return by.resume_session(session);
  };
  co_return co_await opened(std::move(plane), std::move(access), std::move(resume), std::move(tell),
                            deadline);
}

}  // namespace fumidai::client
