#include "bench_session.h"

#include "client/data_channel.h"
#include "wire/session_payloads.h"

namespace fumidai::bench {

using namespace std::chrono_literals;
using wire::PayloadType;

BenchSession::BenchSession(asio::any_io_executor executor, client::Plane& plane)
    : executor_(executor),
      plane_(plane),
      link_(
          executor, {}, clock_, [this] { return client::open_data_channel(plane_.outbound(), access_); },
          [](wire::AgentMessage const&) {}),
      tasks_(executor, "bench") {}

awaitable<Result<void>> BenchSession::open(std::string target, std::string document,
                                           std::map<std::string, std::vector<std::string>> parameters) {
  client::SessionOrder order{std::move(target), std::move(document), std::move(parameters), ""};
  CO_TRY(access_, co_await plane_.start_session(std::move(order)));
  auto keep = [](BenchSession& self) -> awaitable<void> { co_await self.link_.run(); };
  tasks_.spawn(keep(*this));
  CO_TRY(auto first, co_await link_.receive());
  CO_TRY(auto request, wire::from_json_text<wire::HandshakeRequest>(as_text(first.payload)));
  wire::HandshakeResponse response;
  response.client_version = wire::kNativeClientVersion;
  for (auto const& action : request.requested_client_actions)
    response.processed_client_actions.push_back({action.action_type, 1, nullptr, ""});
  auto text = wire::to_json_text(response);
  CO_CHECK(co_await link_.send(PayloadType::handshake_response, as_bytes(text)));
  CO_CHECK(co_await link_.receive());
  std::string size = R"({"cols":80,"rows":24})";
  co_return co_await link_.send(PayloadType::size, as_bytes(size));
}

awaitable<void> BenchSession::close() {
  co_await plane_.terminate_session(access_.session_id);
  link_.close();
  co_await tasks_.join();
}

}  // namespace fumidai::bench
