#include "bench_caller.h"

#include "bench_plane.h"

namespace fumidai::bench {

using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 30s;
constexpr std::chrono::milliseconds kPause = 2ms,
                                    kTurn = 60s;  // between questions, and until something has come about

Question query(std::string service, std::string const& version, std::string action,
               std::string const& parameters) {
  auto body = "Action=" + action + "&Version=" + version + parameters;
  return {std::move(action),
          std::move(service),
          {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
          std::move(body)};
}

}  // namespace

Question ec2(std::string action, std::string const& parameters) {
  return query("ec2", "2016-11-15", std::move(action), parameters);
}

Question iam(std::string action, std::string const& parameters) {
  return query("iam", "2010-05-08", std::move(action), parameters);
}

Question ssm(std::string const& action, std::string body) {
  return {action,
          "ssm",
          {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "AmazonSSM." + action}},
          std::move(body)};
}

Caller::Caller(client::Profile const& profile, wire::Credentials credentials)
    : http_(io::TlsContext::client(profile.ca_pem).value(), wire::parse_url(profile.endpoint).value()),
      sign_(io::sign_with(std::move(credentials), profile.region)) {}

awaitable<std::string> Caller::ask(Question question) {
  wire::HttpRequest request;
  request.method = "POST", request.target = "/";
  request.headers = std::move(question.headers), request.body = std::move(question.body);
  request.headers.set("Host", http_.origin().authority());
  if (auto made = sign_(request, question.service); !made) fail(made.error().detail);
  auto response = co_await http_.send(std::move(request), kPatience);
  if (!response) fail(response.error().detail);
  if (response->status != 200) fail(question.name + " was refused: " + response->body);
  co_return std::move(response->body);
}

awaitable<void> Caller::wait_for(Question question, std::string text) {
  auto end = io::SteadyClock::now() + kTurn;
  for (;;) {
    auto answer = co_await ask(question);
    if (answer.find(text) != std::string::npos) co_return;
    if (io::SteadyClock::now() > end) fail("no " + text + " in the answers to " + question.name);
    co_await io::sleep_for(kPause);
  }
}

}  // namespace fumidai::bench
