// fumidai compare [--vpc V]

#include <fmt/ranges.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdio>
#include <set>

#include "app/client_command.h"
#include "app/commands.h"
#include "base/bytes.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

struct CompareArguments : ClientArguments {
  std::string vpc;
  bool markdown = false;
};

using Rows = std::vector<std::vector<std::string>>;

std::string joined(json::array const& texts, std::string_view between) {
  std::string all;
  for (auto const& text : texts)
    all += (all.empty() ? "" : std::string(between)) + std::string(text.as_string());
  return all;
}

std::string works_of(json::value const& method) {
  auto reachable = method.at("Reachable").as_int64(), instances = method.at("Instances").as_int64();
  if (instances == 0) return "no instances";
  auto obstacle = text_of(method, "Obstacle");
  return (reachable == instances ? "yes, "
          : reachable == 0       ? "no, "
                                 : "partly, ") +
         std::to_string(reachable) + " of " + std::to_string(instances) +
         (obstacle.empty() ? "" : "; " + obstacle);
}

std::string cost_of(json::value const& method, std::string const& currency, char const* member) {
  auto text = text_of(method, member) + " " + currency;
  if (!list_of(method, "Unpriced").empty()) text = "at least " + text;
  if (!list_of(method, "Unverified").empty()) text += " (unverified)";
  return text;
}

std::string time_of(json::value const& method) {
  auto const* measured = method.as_object().if_contains("MillisecondsToConnect");
  return measured != nullptr ? std::to_string(measured->as_int64()) + " ms" : "not measured";
}

std::string inbound_of(json::value const& method) {
  auto const& rules = list_of(method, "Inbound");
  return rules.empty() ? "none" : joined(rules, "; ");
}

std::string own_cost_of(json::value const& method, std::string const& currency, char const* member) {
  return text_of(method.at("OnFumidai"), member) + " " + currency;
}

// A column each method: on AWS, and the same on Fumidai.
Rows table_of(json::value const& vpc, std::string const& currency) {
  Rows rows{{""}};
  auto const& methods = list_of(vpc, "Methods");
  for (auto const& method : methods) rows[0].push_back(text_of(method, "Method"));
  auto add = [&](std::string name, auto text) {
    std::vector<std::string> row{std::move(name)};
    for (auto const& method : methods) row.push_back(printable(text(method), 300));
    rows.push_back(std::move(row));
  };
  add("works", works_of);
  add("keys needed", [](auto const& method) { return text_of(method, "Keys"); });
  add("inbound rules", inbound_of);
  add("agent needed", [](auto const& method) { return method.at("Agent").as_bool() ? "yes" : "no"; });
  add("exposure", [](auto const& method) {
    auto text = text_of(method, "Exposure");
    return text.empty() ? std::string("none") : text;
  });
  add("redundancy", [](auto const& method) { return text_of(method, "Redundancy"); });
  add("on AWS, a month", [&](auto const& method) { return cost_of(method, currency, "MonthlyCost"); });
  add("on AWS, a gigabyte", [&](auto const& method) { return cost_of(method, currency, "CostPerGigabyte"); });
  add("on Fumidai, keys", [](auto const& method) { return text_of(method.at("OnFumidai"), "Keys"); });
  add("on Fumidai, needs", [](auto const& method) { return text_of(method.at("OnFumidai"), "Needs"); });
  add("on Fumidai, a month", [&](auto const& method) {
    return own_cost_of(method, currency, "MonthlyCost") + " beyond the host that runs the plane";
  });
  add("on Fumidai, a gigabyte",
      [&](auto const& method) { return own_cost_of(method, currency, "CostPerGigabyte"); });
  add("time to connect, here", time_of);
  return rows;
}

// Each method below the other: a table with three long columns does not fit a terminal.
void print_for_people(Rows const& rows) {
  for (std::size_t column = 1; column < rows[0].size(); column++) {
    std::printf("\n  %s\n", rows[0][column].c_str());
    for (std::size_t line = 1; line < rows.size(); line++)
      std::printf("    %-22s %s\n", rows[line][0].c_str(), rows[line][column].c_str());
  }
}

std::string in_markdown(std::string text) {
  std::string safe;
  for (char c : text) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

void print_markdown(Rows const& rows) {
  for (std::size_t line = 0; line < rows.size(); line++) {
    std::printf("|");
    for (auto const& cell : rows[line]) std::printf(" %s |", in_markdown(cell).c_str());
    std::printf("\n");
    if (line > 0) continue;
    for (std::size_t column = 0; column < rows[0].size(); column++) std::printf("|---");
    std::printf("|\n");
  }
}

void print_idle(std::string const& heading, json::array const& idle, std::string const& currency) {
  if (!idle.empty()) std::printf("%s\n", heading.c_str());
  for (auto const& part : idle) {
    auto monthly = text_of(part, "MonthlyCost");
    std::printf("    %s: %s%s\n", text_of(part, "Id").c_str(), text_of(part, "Reason").c_str(),
                monthly.empty() ? "" : (" (" + monthly + " " + currency + " a month)").c_str());
    for (auto const& command : list_of(part, "Mend"))
      std::printf("      %s\n", printable(std::string(command.as_string()), 500).c_str());
  }
}

// What the words beside a price mean.
void print_notes(json::array const& vpcs) {
  std::set<std::string> unverified, unpriced;
  for (auto const& vpc : vpcs) {
    for (auto const& method : list_of(vpc, "Methods")) {
      for (auto const& what : list_of(method, "Unverified")) unverified.insert(std::string(what.as_string()));
      for (auto const& what : list_of(method, "Unpriced")) unpriced.insert(std::string(what.as_string()));
    }
  }
  auto print = [](char const* word, std::set<std::string> const& rows, char const* why) {
    if (rows.empty()) return;
    std::printf("%s: prices.toml in the server's data directory has %s %s\n", word, why,
                printable(fmt::format("{}", fmt::join(rows, ", ")), 500).c_str());
  };
  print("unverified", unverified, "no source for");
  print("at least", unpriced, "no price for");
}

Result<int> run_compare(CompareArguments const& arguments) {
  json::object request;
  if (!arguments.vpc.empty()) request["VpcId"] = arguments.vpc;
  TRY(auto answer, call_plane(arguments, "fumidai", "Fumidai.Compare", std::move(request)));
  if (arguments.json) {
    print_json(answer);
    return 0;
  }
  auto currency = text_of(answer, "Currency");
  auto const& vpcs = list_of(answer, "Vpcs");
  if (vpcs.empty())
    std::printf("there are no VPCs; make one with aws ec2 create-vpc, or a whole lab with fumidai lab up\n");
  for (auto const& vpc : vpcs) {
    auto name = printable(text_of(vpc, "Name"), 64);
    std::printf("%s%s%s\n", arguments.markdown ? "### " : "", text_of(vpc, "VpcId").c_str(),
                name.empty() ? "" : (" (" + name + ")").c_str());
    auto rows = table_of(vpc, currency);
    arguments.markdown ? print_markdown(rows) : print_for_people(rows);
    print_idle("\n  costs money for nothing:", list_of(vpc, "Idle"), currency);
    std::printf("\n");
  }
  auto heading = std::string(arguments.markdown ? "### " : "") + "costs money for nothing, and is of no VPC";
  print_idle(heading, list_of(answer, "Idle"), currency);
  print_notes(vpcs);
  return 0;
}

}  // namespace

void add_compare_command(CLI::App& app, Run& run) {
  auto* compare =
      app.add_subcommand("compare", "Compare the methods for your networks: needs, exposure, cost");
  auto arguments = std::make_shared<CompareArguments>();
  compare->add_option("--vpc", arguments->vpc, "only this one");
  compare->add_flag("--markdown", arguments->markdown, "a table to paste");
  add_client_arguments(*compare, *arguments);
  add_json_argument(*compare, *arguments);
  compare->callback([arguments, &run] { run = [arguments] { return run_compare(*arguments); }; });
}

}  // namespace fumidai::app
