// fumidai doctor [TARGET] [--port PORT]

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>

#include "api/diagnosis.h"
#include "app/client_command.h"
#include "app/commands.h"
#include "base/bytes.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostText = 400;

struct DoctorArguments : ClientArguments {
  std::string target;
  std::optional<std::uint16_t> port;
};

bool flag_of(json::value const& object, char const* member) {
  auto const* flag = object.as_object().if_contains(member);
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

std::string shown(json::value const& object, char const* member) {
  return printable(text_of(object, member), kMostText);
}

char const* mark_of(std::string const& standing) {
  if (standing == "met") return "✓";
  return standing == "unmet" ? "✗" : "!";
}

void print_hops(json::value const& requirement) {
  for (auto const& hop : list_of(requirement, "Hops"))
    std::printf("        %s %-16s %s %s\n", flag_of(hop, "Blocked") ? "✗" : "·", shown(hop, "Pass").c_str(),
                shown(hop, "Id").c_str(), shown(hop, "Reason").c_str());
}

// What a packet said of it; null when none was sent.
json::value const* observation_of(json::value const& requirement) {
  auto const* observed = requirement.as_object().if_contains("Observed");
  return observed != nullptr && observed->is_object() ? observed : nullptr;
}

// The packets said something else than the model.
bool disagrees(json::value const& requirement) {
  auto const* observed = observation_of(requirement);
  return observed != nullptr && flag_of(*observed, "Disagrees");
}

// Whether it leads to the port that is wanted nobody knows before it is tried.
bool is_open_question(json::value const& requirement) {
  return text_of(requirement, "Need") == api::kPortNeed && text_of(requirement, "Standing") == "advice";
}

bool works_for_all_we_know(json::value const& method) {
  return flag_of(method, "Works") && std::ranges::any_of(list_of(method, "Requirements"), is_open_question);
}

char const* mark_of_method(json::value const& method) {
  if (works_for_all_we_know(method)) return "!";
  return flag_of(method, "Works") ? "✓" : "✗";
}

// Whether some method works, and the network is as the model says.
bool is_well(json::value const& target) {
  bool any_works = false;
  for (auto const& method : list_of(target, "Methods")) {
    any_works = any_works || flag_of(method, "Works");
    if (std::ranges::any_of(list_of(method, "Requirements"), disagrees)) return false;
  }
  return any_works;
}

// All that was asked for is well, and the lab complains of nothing.
bool all_is_well(json::value const& answer) {
  return text_of(answer, "Complaint").empty() && std::ranges::all_of(list_of(answer, "Targets"), is_well);
}

void print_observation(json::value const& requirement) {
  auto const* observed = observation_of(requirement);
  if (observed == nullptr) return;
  bool agrees = !disagrees(requirement);
  std::printf("        %s a real packet: %s%s\n", agrees ? "·" : "‼", shown(*observed, "How").c_str(),
              agrees ? "" : "  — the network is not what the model says it is");
}

void print_requirement(json::value const& requirement) {
  auto standing = text_of(requirement, "Standing");
  std::printf("    %s %s: %s %s\n", mark_of(standing), shown(requirement, "Need").c_str(),
              shown(requirement, "Subject").c_str(), shown(requirement, "Reason").c_str());
  print_hops(requirement);
  print_observation(requirement);
  for (auto const& command : list_of(requirement, "Mend"))
    std::printf("        mend: %s\n", printable(std::string(command.as_string()), 2000).c_str());
}

void print_heading(json::value const& target) {
  auto name = shown(target, "Name");
  std::printf("%s%s", shown(target, "InstanceId").c_str(), name.empty() ? "" : (" (" + name + ")").c_str());
  auto vpc = shown(target, "VpcId");
  if (!vpc.empty())
    std::printf(", %s in %s of %s", shown(target, "PrivateIpAddress").c_str(),
                shown(target, "SubnetId").c_str(), vpc.c_str());
  std::printf("\n");
}

void print_untried(json::value const& target) {
  auto const* untried = target.as_object().if_contains("Untried");
  if (untried == nullptr || !untried->is_int64() || untried->get_int64() == 0) return;
  std::printf(
      "  · %lld of its ways had no packet sent, there are so many; all have with: fumidai doctor %s\n",
      static_cast<long long>(untried->get_int64()), shown(target, "InstanceId").c_str());
}

void print_target(json::value const& target) {
  print_heading(target);
  print_untried(target);
  for (auto const& method : list_of(target, "Methods")) {
    std::printf("\n  %s %s: %s\n", mark_of_method(method), shown(method, "Method").c_str(),
                works_for_all_we_know(method) ? "works, as far as is known"
                : flag_of(method, "Works")    ? "works"
                                              : "does not work");
    for (auto const& requirement : list_of(method, "Requirements")) print_requirement(requirement);
  }
  std::printf("\n");
}

// The same in a line for each method, with the first cause why it does not work.
void print_summary(json::value const& target) {
  print_heading(target);
  print_untried(target);
  for (auto const& method : list_of(target, "Methods")) {
    json::value const *cause = nullptr, *other_way = nullptr;
    for (auto const& requirement : list_of(method, "Requirements")) {
      bool counts = text_of(requirement, "Standing") == "unmet" || disagrees(requirement) ||
                    is_open_question(requirement);
      if (counts && cause == nullptr) cause = &requirement;
      if (text_of(requirement, "Need") == api::kOtherWayNeed) other_way = &requirement;
    }
    std::printf("  %s %s", mark_of_method(method), shown(method, "Method").c_str());
    if (cause != nullptr) {
      auto need = shown(*cause, "Need") == shown(method, "Method") ? "" : shown(*cause, "Need") + ": ";
      std::printf(": %s%s%s %s", disagrees(*cause) ? "‼ a real packet says otherwise: " : "", need.c_str(),
                  shown(*cause, "Subject").c_str(), shown(*cause, "Reason").c_str());
    }
    if (other_way != nullptr)
      std::printf("; but %s %s", shown(*other_way, "Subject").c_str(), shown(*other_way, "Reason").c_str());
    std::printf("\n");
  }
  std::printf("\n");
}

Result<int> run_doctor(DoctorArguments const& arguments) {
  json::object request;
  if (!arguments.target.empty()) request["Target"] = arguments.target;
  if (arguments.port) request["Port"] = *arguments.port;
  TRY(auto answer, call_plane(arguments, "fumidai", "Fumidai.Diagnose", std::move(request)));
  int status = all_is_well(answer) ? 0 : 1;
  if (arguments.json) {
    print_json(answer);
    return status;
  }
  auto const& targets = list_of(answer, "Targets");
  if (targets.empty()) std::printf("there are no instances; make some with aws ec2 run-instances\n");
  auto complaint = shown(answer, "Complaint");
  if (!complaint.empty()) std::printf("‼ the lab is not as it should be: %s\n\n", complaint.c_str());
  bool in_full = !arguments.target.empty();
  for (auto const& target : targets) in_full ? print_target(target) : print_summary(target);
  if (!targets.empty() && !in_full)
    std::printf("Hop by hop, with what would mend it: fumidai doctor TARGET%s\n",
                arguments.port ? (" --port " + std::to_string(*arguments.port)).c_str() : "");
  if (!targets.empty() && !flag_of(answer, "Observed"))
    std::printf("(from the model alone: no lab runs here, so no packet was sent)\n");
  return status;
}

}  // namespace

void add_doctor_command(CLI::App& app, Run& run) {
  auto* doctor = app.add_subcommand(
      "doctor",
      "Tell for each method whether it reaches a target, and why not. Exits with 1 when no "
      "method reaches one, or the network is not what the model says it is; with --json, too");
  auto arguments = std::make_shared<DoctorArguments>();
  doctor->add_option("target", arguments->target,
                     "id, name, or tag as KEY=VALUE; without it all targets, in a line for each method");
  doctor
      ->add_option("--port", arguments->port,
                   "Which port of it is wanted; without it ssh, and of an agent a shell")
      ->check(CLI::Range(1, 65535));
  arguments->is_patient = true;  // packets are sent, and waited for
  add_client_arguments(*doctor, *arguments);
  add_json_argument(*doctor, *arguments);
  doctor->callback([arguments, &run] { run = [arguments] { return run_doctor(*arguments); }; });
}

}  // namespace fumidai::app
