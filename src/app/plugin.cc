#include "app/plugin.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "app/client_command.h"
#include "app/proxy_environment.h"
#include "client/session_client.h"
#include "wire/session_payloads.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

// What the CLI got from StartSession.
struct StartResponse {
  std::string session_id, stream_url;
  Secret token_value;
};
BOOST_DESCRIBE_STRUCT(StartResponse, (), (session_id, stream_url, token_value))

struct Call {
  client::Access access;
  std::string region, profile, endpoint, document;
};

// argv[1] is the response, or the name of the variable that holds it: newer CLIs keep the token out of the
// process list.
Result<Call> parse_call(int argc, char** argv) {
  if (argc < 4)
    return Error{Errc::invalid,
                 "usage: session-manager-plugin RESPONSE REGION StartSession PROFILE PARAMETERS ENDPOINT"};
  std::string text = argv[1];
  constexpr char const* kVariable = "AWS_SSM_START_SESSION_RESPONSE";
  if (text.starts_with(kVariable)) {
    auto const* value = std::getenv(text.c_str());
    if (value == nullptr)
      return Error{Errc::invalid,
                   "the environment has no " + text + ", which was to hold the response of StartSession"};
    auto name = std::exchange(text, std::string(value));
    ::unsetenv(name.c_str());
  }
  if (std::strcmp(argv[3], "StartSession") != 0)
    return Error{Errc::unsupported,
                 "operation " + escaped(argv[3], 64) + " is unknown; only StartSession is served"};
  auto response = wire::from_json_text<StartResponse>(text);
  if (!response || response->session_id.empty() || response->stream_url.empty())
    return Error{Errc::malformed, "the response of StartSession cannot be read"};
  Call call;
  call.access = {response->session_id, response->token_value, response->stream_url};
  call.region = argv[2];
  if (argc > 4) call.profile = argv[4];
  if (argc > 5) {
    auto parameters = wire::parse_json(argv[5]);
    if (!parameters || !parameters->is_object())
      return Error{Errc::malformed, "the request's parameters are not a JSON object"};
    call.document = text_of(*parameters, "DocumentName");
  }
  if (argc > 6) call.endpoint = argv[6];
  return call;
}

// The plugin's words; where standard output is not a terminal they would spoil what is read from it.
void announce(char const* format, std::string const& id) {
  bool to_person = ::isatty(STDOUT_FILENO) == 1;
  std::fprintf(to_person ? stdout : stderr, format, escaped(id, 96).c_str());
  std::fflush(stdout);
}

awaitable<Result<int>> serve(client::Plane& plane, Call const& call, client::ClientOptions options) {
  auto id = call.access.session_id;
  auto resume = [&plane, id]() { return plane.resume_session(id); };
  auto terminate = [&plane, id]() { return plane.terminate_session(id); };
  auto executor = co_await asio::this_coro::executor;
  client::SessionClient session(executor, plane.outbound(), call.access, options, std::move(resume),
                                std::move(terminate));
  co_return co_await session.run();
}

Result<int> run_session(Call const& call) {
  client::ProfileOptions options;
  options.name = call.profile;
  options.endpoint = call.endpoint;
  options.region = call.region;
  auto profile = client::find_profile(options);
  // Without credentials of ours a session works, and cannot be resumed.
  if (!profile) {
    client::Profile bare;
    bare.endpoint = call.endpoint.empty() ? call.access.stream_url : call.endpoint;
    bare.region = call.region;
    profile = bare;
  }
  profile->proxies = proxies_of_environment();
  asio::io_context loop(1);
  TRY(auto plane, client::Plane::make(std::move(*profile)));
  client::ClientOptions client_options;
  client_options.as_plugin = true;
  client_options.is_command = call.document == "AWS-StartNonInteractiveCommand";
  announce("\nStarting session with SessionId: %s\n", call.access.session_id);
  auto status = run_on_loop(loop, serve(plane, call, client_options));
  announce("\n\nExiting session with sessionId: %s.\n\n", call.access.session_id);
  // The CLI shows a failed plugin with all its arguments: for a shell whose last command failed that is
  // nobody's wish.
  if (status && !client_options.is_command) return 0;
  return status;
}

}  // namespace

int run_plugin(int argc, char** argv) {
  if (argc == 1) {
    std::printf(
        "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n");
    return 0;
  }
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("%s\n", wire::kNativeClientVersion);
    return 0;
  }
  auto call = parse_call(argc, argv);
  auto status = call ? run_session(*call) : Result<int>(call.error());
  if (status) return *status;
  std::fprintf(stderr, "session-manager-plugin: %s\n", status.error().detail.c_str());
  return 255;
}

}  // namespace fumidai::app
