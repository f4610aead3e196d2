// fumidai session start | list | end

#include <unistd.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdio>
#include <map>

#include "app/client_command.h"
#include "app/commands.h"
#include "base/bytes.h"
#include "client/channel_tunnel.h"
#include "client/session_client.h"
#include "model/session_document.h"
#include "sessions/session_rows.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

struct StartArguments {
  ClientArguments client;
  std::string target, reason;
  std::vector<std::string> command;
  bool terminal = false, no_input = false;
};

client::SessionOrder order_for(StartArguments const& arguments, std::string target) {
  client::SessionOrder order;
  order.target = std::move(target);
  order.reason = arguments.reason;
  if (arguments.command.empty()) return order;
  order.document = arguments.terminal ? "AWS-StartInteractiveCommand" : "AWS-StartNonInteractiveCommand";
  order.parameters["command"] = {client::join_words(arguments.command)};
  if (!arguments.terminal) order.parameters["separateOutputStream"] = {"true"};
  return order;
}

awaitable<Result<int>> start(client::Plane& plane, StartArguments const& arguments) {
  bool talks_to_nobody = arguments.command.empty() && ::isatty(STDIN_FILENO) == 0;
  if (talks_to_nobody)
    co_return Error{
        Errc::invalid,
        "standard input is not a terminal, and a shell needs one. Give a command: fumidai session "
        "start TARGET -- COMMAND; a script is input of one: … -- sh <script"};
  CO_TRY(auto target, co_await plane.resolve_target(arguments.target));
  CO_TRY(auto access, co_await plane.start_session(order_for(arguments, std::move(target))));
  auto id = access.session_id;
  client::ClientOptions options;
  options.is_command = !arguments.command.empty() && !arguments.terminal;
  options.no_input = arguments.no_input;
  auto resume = [&plane, id]() { return plane.resume_session(id); };
  auto terminate = [&plane, id]() { return plane.terminate_session(id); };
  auto executor = co_await asio::this_coro::executor;
  client::SessionClient session(executor, plane.outbound(), std::move(access), options, std::move(resume),
                                std::move(terminate));
  co_return co_await session.run();
}

Result<int> run_start(StartArguments const& arguments) {
  asio::io_context loop(1);
  TRY(auto plane, make_plane(arguments.client.profile));
  return run_on_loop(loop, start(plane, arguments));
}

struct ListArguments {
  ClientArguments client;
  bool history = false;
};

std::string local_time(std::string const& seconds) {
  auto time = parse_time(seconds);
  return time ? to_iso_seconds(*time) : seconds;
}

// What a person calls the sessions of a document; of one that we do not know, its name.
std::string kind_of(json::value const& session) {
  static std::map<std::string_view, char const*> const kinds{
      {model::kDefaultDocument, "shell"},
      {"AWS-StartInteractiveCommand", "command"},
      {"AWS-StartNonInteractiveCommand", "command"},
      {model::kSshDocument, "ssh"},
      {sessions::kTunnelDocument, "tunnel"},
      {sessions::kResumableTunnelDocument, "tunnel"},
  };
  auto document = text_of(session, "DocumentName");
  bool is_of_tunnel =
      document == model::kSshDocument && text_of(session, "Reason").starts_with(client::kAgentTunnelReason);
  if (is_of_tunnel) return "tunnel";
  auto known = kinds.find(document);
  return known == kinds.end() ? printable(document, 40) : known->second;
}

constexpr std::size_t kMostListed = 1000;

Result<int> run_list(ListArguments const& arguments) {
  json::array all;
  std::string token;
  do {
    json::object request{{"State", arguments.history ? "History" : "Active"}};
    if (!token.empty()) request["NextToken"] = token;
    TRY(auto page, call_plane(arguments.client, "ssm", "AmazonSSM.DescribeSessions", std::move(request)));
    if (auto const* sessions = page.as_object().if_contains("Sessions")) {
      for (auto const& session : sessions->as_array()) all.push_back(session);
    }
    token = text_of(page, "NextToken");
  } while (!token.empty() && all.size() < kMostListed);
  if (arguments.client.json) {
    print_json(all);
    return 0;
  }
  if (all.empty()) {
    std::printf("no %s sessions\n", arguments.history ? "earlier" : "active");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"SESSION", "TARGET", "KIND", "STATUS", "OWNER", "STARTED", "REASON"}};
  if (arguments.history) rows[0].insert(rows[0].end(), {"ENDED", "WHY"});
  for (auto const& session : all) {
    auto owner = text_of(session, "Owner");
    rows.push_back({text_of(session, "SessionId"), text_of(session, "Target"), kind_of(session),
                    text_of(session, "Status"), owner.substr(owner.rfind(':') + 1),
                    local_time(text_of(session, "StartDate")), printable(text_of(session, "Reason"), 60)});
    if (!arguments.history) continue;
    rows.back().push_back(local_time(text_of(session, "EndDate")));
    rows.back().push_back(printable(text_of(session, "Details"), 80));
  }
  print_table(rows);
  if (!token.empty()) std::fprintf(stderr, "these are the newest %zu; there are more\n", all.size());
  return 0;
}

struct EndArguments {
  ClientArguments client;
  std::string session;
};

Result<int> run_end(EndArguments const& arguments) {
  // TerminateSession is content with what is not there; a person who mistyped is not.
  auto active = call_plane(
      arguments.client, "ssm", "AmazonSSM.DescribeSessions",
      {{"State", "Active"},
       {"Filters", json::array{json::object{{"key", "SessionId"}, {"value", arguments.session}}}}});
  if (!active && active.error().code != Errc::denied) return active.error();
  auto const* found = active ? active->as_object().if_contains("Sessions") : nullptr;
  if (found != nullptr && found->as_array().empty())
    return Error{Errc::not_found, "no active session has the id '" + escaped(arguments.session, 96) +
                                      "'; `fumidai session list` shows those that are"};
  CHECK(
      call_plane(arguments.client, "ssm", "AmazonSSM.TerminateSession", {{"SessionId", arguments.session}}));
  std::printf("%s ended\n", arguments.session.c_str());
  return 0;
}

}  // namespace

void add_session_command(CLI::App& app, Run& run) {
  auto* session = app.add_subcommand("session", "Open, list and end sessions");
  session->require_subcommand(1);

  auto start_arguments = std::make_shared<StartArguments>();
  auto* start_command = session->add_subcommand(
      "start",
      "Open a shell on an instance, or run a command there: fumidai session start TARGET [-- COMMAND]");
  start_command
      ->add_option("target", start_arguments->target,
                   "An instance's id, its name, or a tag KEY=VALUE that only one has")
      ->required();
  start_command->add_option("command", start_arguments->command, "A command and its arguments, behind --");
  start_command->add_option("--reason", start_arguments->reason, "Why; it is recorded");
  start_command->add_flag("-t,--terminal", start_arguments->terminal,
                          "Run the command in a terminal of its own");
  start_command->add_flag("-n,--no-input", start_arguments->no_input,
                          "Give the command no input, and leave ours alone");
  add_client_arguments(*start_command, start_arguments->client);
  start_command->callback(
      [start_arguments, &run] { run = [start_arguments] { return run_start(*start_arguments); }; });

  auto list_arguments = std::make_shared<ListArguments>();
  auto* list = session->add_subcommand("list", "Show sessions");
  list->add_flag("--history", list_arguments->history, "Those that are over");
  add_client_arguments(*list, list_arguments->client);
  add_json_argument(*list, list_arguments->client);
  list->callback([list_arguments, &run] { run = [list_arguments] { return run_list(*list_arguments); }; });

  auto end_arguments = std::make_shared<EndArguments>();
  auto* end = session->add_subcommand("end", "End a session");
  end->add_option("session", end_arguments->session, "Its id")->required();
  add_client_arguments(*end, end_arguments->client);
  end->callback([end_arguments, &run] { run = [end_arguments] { return run_end(*end_arguments); }; });
}

}  // namespace fumidai::app
