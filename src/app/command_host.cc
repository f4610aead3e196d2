// fumidai host list

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "app/client_command.h"
#include "app/commands.h"
#include "base/bytes.h"
#include "base/clock.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

using Names = std::map<std::string, std::string>;

// By id. AWS leaves the name of an instance of a VPC to EC2, so it is asked for apart. Who is refused, as
// also by an older server that does not know the question, sees none.
Result<Names> names_of_targets(ClientArguments const& arguments) {
  auto answer = call_plane(arguments, "fumidai", "Fumidai.ListTargets", {});
  if (!answer && answer.error().code == Errc::denied) return Names();
  if (!answer) return answer.error();
  Names names;
  for (auto const& target : answer->at("Targets").as_array())
    names[text_of(target, "InstanceId")] = text_of(target, "Name");
  return names;
}

Result<int> run_list(ClientArguments const& arguments) {
  json::array all;
  std::string token;
  do {
    json::object request;
    if (!token.empty()) request["NextToken"] = token;
    TRY(auto page, call_plane(arguments, "ssm", "AmazonSSM.DescribeInstanceInformation", std::move(request)));
    if (auto const* instances = page.as_object().if_contains("InstanceInformationList")) {
      for (auto const& instance : instances->as_array()) all.push_back(instance);
    }
    token = text_of(page, "NextToken");
  } while (!token.empty());
  if (arguments.json) {
    print_json(all);
    return 0;
  }
  if (all.empty()) {
    std::printf(
        "no hosts are registered; make an activation (aws ssm create-activation --iam-role SSMServiceRole) "
        "and register one (fumidai-agent register)\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"INSTANCE", "NAME", "STATUS", "ADDRESS", "HOST", "PLATFORM", "AGENT", "LAST PING"}};
  bool all_named = std::ranges::none_of(all, [](auto& each) { return text_of(each, "Name").empty(); });
  TRY(auto names, all_named ? Names() : names_of_targets(arguments));
  for (auto const& instance : all) {
    auto id = text_of(instance, "InstanceId"), name = text_of(instance, "Name");
    if (name.empty()) name = names[id];
    auto ping = parse_time(text_of(instance, "LastPingDateTime"));
    rows.push_back(
        {id, printable(name, 40), text_of(instance, "PingStatus"),
         printable(text_of(instance, "IPAddress"), 40), printable(text_of(instance, "ComputerName"), 40),
         printable(text_of(instance, "PlatformName") + " " + text_of(instance, "PlatformVersion"), 40),
         printable(text_of(instance, "AgentVersion"), 20), ping ? to_iso_seconds(*ping) : "never"});
  }
  print_table(rows);
  return 0;
}

}  // namespace

void add_host_command(CLI::App& app, Run& run) {
  auto* host = app.add_subcommand("host", "Show the hosts that are registered");
  host->require_subcommand(1);
  auto arguments = std::make_shared<ClientArguments>();
  auto* list = host->add_subcommand("list", "All of them");
  add_client_arguments(*list, *arguments);
  add_json_argument(*list, *arguments);
  list->callback([arguments, &run] { run = [arguments] { return run_list(*arguments); }; });
}

}  // namespace fumidai::app
