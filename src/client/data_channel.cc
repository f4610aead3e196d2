#include "client/data_channel.h"

#include "base/uuid.h"
#include "io/http_client.h"
#include "wire/session_payloads.h"

namespace fumidai::client {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostDataMessage = 128 * 1024;
constexpr auto kConnect = 10s;
constexpr io::KeepAlive kKeepAlive{10s, 5s, 3};

}  // namespace

awaitable<Result<std::shared_ptr<io::WebSocket>>> open_data_channel(io::Outbound outbound, Access access) {
  CO_TRY(auto url, wire::parse_url(access.stream_url));
  CO_TRY(auto stream, co_await io::connect(std::move(outbound), url, kConnect, kKeepAlive));
  wire::HttpRequest request;
  request.target = url.target;
  request.headers = {{"Host", url.authority()}};
  CO_TRY(auto channel,
         co_await io::upgrade_client(std::move(stream), std::move(request), kMostDataMessage, kConnect));
  wire::OpenDataChannel open;
  open.request_id = Uuid::random().text();
  open.token_value = *access.token;
  open.client_id = Uuid::random().text();
  open.client_version = wire::kNativeClientVersion;
  auto text = wire::to_json_text(open);
  CO_CHECK(co_await channel->write(wire::Opcode::text, as_bytes(text)));
  co_return std::shared_ptr<io::WebSocket>(std::move(channel));
}

}  // namespace fumidai::client
