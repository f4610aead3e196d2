#include "io/aws_client.h"

#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/xml_shape.h"

namespace fumidai::io {

using namespace std::chrono_literals;

namespace {
constexpr auto kAnswer = 30s, kConnect = 10s;
}

Signer sign_with(wire::Credentials credentials, std::string region) {
  return [credentials = std::move(credentials), region = std::move(region)](
             wire::HttpRequest& request, std::string_view service) -> Result<void> {
    wire::sign(request, credentials, region, service, SystemClock().now());
    return success();
  };
}

Signer sign_with_instance_key(std::string instance_id, Secret private_key, std::string region) {
  return [instance_id = std::move(instance_id), private_key = std::move(private_key),
          region = std::move(region)](wire::HttpRequest& request, std::string_view service) -> Result<void> {
    return wire::sign_rsa(request, instance_id, private_key, region, service, SystemClock().now());
  };
}

awaitable<Result<wire::HttpResponse>> AwsClient::send(wire::HttpRequest request, std::string service,
                                                      Signer signer) {
  last_error_.clear();
  request.method = "POST";
  request.headers.set("Host", http_.origin().authority());
  if (signer) CO_CHECK(signer(request, service));
  CO_TRY(auto response, co_await http_.send(std::move(request), kAnswer));
  if (auto date = parse_http_date(response.headers.find("Date").value_or(""))) {
    clock_difference_ = std::chrono::round<std::chrono::seconds>(*date - SystemClock().now());
  }
  if (response.status >= 300) co_return refusal(response);
  co_return response;
}

Error AwsClient::refusal(wire::HttpResponse const& response) {
  auto code = response.status >= 500 ? Errc::unavailable : Errc::denied;
  auto body = wire::parse_json(response.body);
  auto member = [&](char const* name) -> std::string {
    if (!body || !body->is_object()) return "";
    auto const* value = body->get_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  last_error_ = member("__type");
  if (last_error_.empty()) last_error_ = response.headers.find("x-amzn-ErrorType").value_or("");
  auto sentence = member("message");
  if (sentence.empty())
    sentence = "the server answered " + std::to_string(response.status) + ": " + escaped(response.body, 300);
  // The one failure whose cause is on our side of the wire and cannot be seen from the text alone.
  bool skewed =
      sentence.starts_with("Signature expired") || sentence.starts_with("Signature not yet current");
  if (skewed) {
    sentence += " This host's clock is " + in_words(clock_difference_) +
                (clock_difference_ > 0s ? " behind" : " ahead of") + " the server's; set it right (NTP).";
  }
  return {code, sentence};
}

awaitable<Result<wire::json::value>> AwsClient::call(std::string service, std::string target,
                                                     wire::json::value body, Signer signer) {
  wire::HttpRequest request;
  request.target = "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", target}};
  request.body = wire::to_text(body);
  CO_TRY(auto response, co_await send(std::move(request), std::move(service), std::move(signer)));
  co_return wire::parse_json(response.body);
}

awaitable<Result<Secret>> AwsClient::create_channel(std::string path, Signer signer) {
  wire::HttpRequest request;
  request.target = std::move(path);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = wire::to_text(
      wire::json::object{{"MessageSchemaVersion", "1.0"}, {"RequestId", Uuid::random().text()}});
  CO_TRY(auto response, co_await send(std::move(request), "ssmmessages", std::move(signer)));
  auto token = wire::xml_element(response.body, "TokenValue");
  if (token.empty()) co_return Error{Errc::malformed, "the server's answer has no channel token"};
  co_return Secret(std::move(token));
}

awaitable<Result<std::unique_ptr<WebSocket>>> AwsClient::open_channel(std::string path, std::string query,
                                                                      std::size_t most_message, Signer signer,
                                                                      Secret& token) {
  CO_TRY(token, co_await create_channel(path, signer));
  CO_TRY(auto stream, co_await http_.take_connection(kConnect));
  wire::HttpRequest request;
  request.method = "GET";
  request.target = path + query;
  request.headers = {{"Host", http_.origin().authority()}};
  CO_CHECK(signer(request, "ssmmessages"));
  co_return co_await upgrade_client(std::move(stream), std::move(request), most_message, kConnect);
}

}  // namespace fumidai::io
