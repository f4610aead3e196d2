// fumidai audit list | verify | export

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "app/client_command.h"
#include "app/commands.h"
#include "app/data_directory.h"
#include "audit/checkpoint_file.h"
#include "base/bytes.h"
#include "store/sqlite_database.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

struct AuditArguments {
  ClientArguments client;
  std::string kind, outcome, principal, session, request, checkpoint, secret_file;
  std::int64_t most = 50;

  bool is_filtered() const {
    auto filters = {&kind, &outcome, &principal, &session, &request};
    return std::ranges::any_of(filters, [](auto const* each) { return !each->empty(); });
  }
};

// The data directory that was named, when no server runs with it. A running one is asked, as anybody else
// would.
std::optional<DataDirectory> stopped_directory(AuditArguments const& arguments) {
  auto const* around = std::getenv("FUMIDAI_DATA_DIR");
  auto named = arguments.client.profile.data_directory;
  if (named.empty() && around != nullptr) named = around;
  auto const& profile = arguments.client.profile;
  bool is_elsewhere =
      !profile.endpoint.empty() || !profile.name.empty() || std::getenv("AWS_ENDPOINT_URL") != nullptr;
  if (named.empty() && is_elsewhere) return std::nullopt;
  if (named.empty()) named = "fumidai-data";
  DataDirectory directory{named};
  auto database = io::exists(directory.database());
  if (!database || !*database) return std::nullopt;
  auto lock = io::FileLock::take(directory.lock());
  // A copy that cannot be written, as a backup, has no server either.
  bool runs = !lock && lock.error().code == Errc::conflict;
  return runs ? std::nullopt : std::optional(directory);
}

Result<std::unique_ptr<store::Database>> open_stopped(DataDirectory const& directory) {
  return store::open_sqlite(directory.database(), store::Access::read_only);
}

void print_event_row(std::vector<std::vector<std::string>>& rows, json::value const& event) {
  auto who = text_of(event, "principal");
  auto what = text_of(event, "action");
  rows.push_back({text_of(event, "seq"), text_of(event, "time"), text_of(event, "kind"),
                  text_of(event, "outcome"), printable(who.substr(who.rfind(':') + 1), 48),
                  printable(what.empty() ? text_of(event, "session") : what, 48),
                  printable(text_of(event, "resource"), 72), text_of(event, "source")});
}

Result<json::array> fetch_events(AuditArguments const& arguments, std::int64_t before, std::int64_t most) {
  json::object request{{"MaxResults", most}};
  if (before > 0) request["Before"] = before;
  for (auto const& [name, value] :
       {std::pair("Kind", &arguments.kind), std::pair("Outcome", &arguments.outcome),
        std::pair("Principal", &arguments.principal), std::pair("SessionId", &arguments.session),
        std::pair("RequestId", &arguments.request)}) {
    if (!value->empty()) request[name] = *value;
  }
  TRY(auto answer, call_plane(arguments.client, "fumidai", "Fumidai.ListEvents", std::move(request)));
  return answer.as_object().at("Events").as_array();
}

Result<int> run_list(AuditArguments const& arguments) {
  json::array events;
  if (auto directory = stopped_directory(arguments)) {
    TRY(auto database, open_stopped(*directory));
    audit::EventFilter filter{arguments.kind,    arguments.outcome, arguments.principal,
                              arguments.session, arguments.request, 0};
    CHECK(database->read_now([&](store::Transaction& transaction) -> Result<void> {
      TRY(auto found, audit::list_events(transaction, filter, arguments.most));
      for (auto const& event : found) events.push_back(event.to_json());
      return success();
    }));
  } else {
    TRY(events, fetch_events(arguments, 0, arguments.most));
  }
  if (arguments.client.json) {
    print_json(events);
    return 0;
  }
  if (events.empty()) {
    std::printf("no such events\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"SEQ", "TIME", "KIND", "OUTCOME", "WHO", "WHAT", "RESOURCE", "FROM"}};
  for (auto event = events.rbegin(); event != events.rend(); ++event) print_event_row(rows, *event);
  print_table(rows);
  return 0;
}

// What `verify` printed, or a copy of the plane's file, which has two: the newer one.
Result<std::optional<std::string>> given_checkpoint(AuditArguments const& arguments) {
  if (arguments.checkpoint.empty()) return std::optional<std::string>();
  TRY(auto text, io::read_file(arguments.checkpoint, 4096));
  std::optional<audit::Checkpoint> newest;
  for (auto line : split(text, '\n')) {
    auto parsed = audit::Checkpoint::parse(trimmed(line));
    if (parsed && (!newest || parsed->seq > newest->seq)) newest = *std::move(parsed);
  }
  if (!newest) return Error{Errc::malformed, arguments.checkpoint + " is not an audit checkpoint"};
  return std::optional(newest->to_text());
}

int say_verdict(std::int64_t events, std::vector<std::string> const& faults, std::string const& checkpoint,
                bool as_json) {
  if (as_json) {
    json::array list;
    for (auto const& fault : faults) list.push_back(json::string(fault));
    print_json(json::object{{"events", events}, {"faults", std::move(list)}, {"checkpoint", checkpoint}});
  } else if (faults.empty()) {
    std::printf("the audit trail is whole: %lld events\n", static_cast<long long>(events));
    std::printf("checkpoint (keep it elsewhere; give it back with --checkpoint FILE):\n%s",
                checkpoint.c_str());
  } else {
    for (auto const& fault : faults) std::printf("%s\n", escaped(fault, 512).c_str());
    std::printf("the audit trail is NOT whole: %zu fault%s in %lld events\n", faults.size(),
                faults.size() == 1 ? "" : "s", static_cast<long long>(events));
  }
  return faults.empty() ? 0 : 2;
}

Result<int> verify_stopped(AuditArguments const& arguments, DataDirectory const& directory) {
  TRY(auto secret, read_deployment_secret(directory, arguments.secret_file));
  TRY(auto database, open_stopped(directory));
  TRY(auto given, given_checkpoint(arguments));
  audit::Trail trail(secret);
  std::vector<audit::Checkpoint> checkpoints;
  std::optional<audit::Checkpoint> voucher;
  if (given) {
    TRY(voucher, audit::Checkpoint::parse(*given));
  }
  auto kept = audit::read_checkpoint_file(directory.checkpoint(), trail);
  if (kept) checkpoints.push_back(*kept);
  audit::Trail::Verdict verdict;
  audit::Checkpoint head;
  CHECK(database->read_now([&](store::Transaction& transaction) -> Result<void> {
    TRY(verdict, trail.verify(transaction, checkpoints, voucher));
    TRY(head, trail.checkpoint(transaction));
    return success();
  }));
  if (!kept && verdict.events > 0)
    verdict.faults.push_back(audit::missing_checkpoint_file(directory.checkpoint()));
  return say_verdict(verdict.events, verdict.faults, head.to_text(), arguments.client.json);
}

Result<int> run_verify(AuditArguments const& arguments) {
  if (auto directory = stopped_directory(arguments)) return verify_stopped(arguments, *directory);
  json::object request;
  TRY(auto given, given_checkpoint(arguments));
  if (given) request["Checkpoint"] = *given;
  TRY(auto answer, call_plane(arguments.client, "fumidai", "Fumidai.VerifyEvents", std::move(request)));
  std::vector<std::string> faults;
  for (auto const& fault : answer.as_object().at("Faults").as_array()) faults.emplace_back(fault.as_string());
  return say_verdict(answer.as_object().at("Events").as_int64(), faults, text_of(answer, "Checkpoint"),
                     arguments.client.json);
}

// Oldest first, one JSON object a line.
Result<int> run_export(AuditArguments const& arguments) {
  if (auto directory = stopped_directory(arguments)) {
    TRY(auto database, open_stopped(*directory));
    CHECK(database->read_now([&](store::Transaction& transaction) {
      return audit::for_each_event(transaction, [](audit::Event const& event) -> Result<void> {
        print_json(event.to_json());
        return success();
      });
    }));
    return 0;
  }
  json::array all;  // newest first, in pages
  for (std::int64_t before = 0;;) {
    TRY(auto page, fetch_events(arguments, before, 1000));
    for (auto const& event : page) all.push_back(event);
    if (page.size() < 1000) break;
    before = page.back().as_object().at("seq").as_int64();
  }
  for (auto event = all.rbegin(); event != all.rend(); ++event) print_json(*event);
  return 0;
}

}  // namespace

void add_audit_command(CLI::App& app, Run& run) {
  auto* audit = app.add_subcommand("audit", "Read and verify the audit trail");
  audit->require_subcommand(1);
  auto arguments = std::make_shared<AuditArguments>();
  auto* list = audit->add_subcommand("list", "Show the newest events");
  list->add_option("--kind", arguments->kind, "What happened")
      ->check(CLI::IsMember({"api.call", "api.calls", "api.refused", "peer.refused", "session.start",
                             "session.end", "session.altered", "agent.connect", "agent.disconnect",
                             "instance.register", "plane.start", "plane.stop"}));
  list->add_option("--outcome", arguments->outcome, "How it ended")
      ->check(CLI::IsMember({"allowed", "denied", "done", "failed"}));
  list->add_option("--principal", arguments->principal, "An ARN");
  list->add_option("--session", arguments->session, "A session's id");
  list->add_option("--request", arguments->request, "A request's id");
  list->add_option("--most", arguments->most, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  auto* verify =
      audit->add_subcommand("verify", "Check that no event was altered, removed, reordered or cut off");
  verify->add_option("--checkpoint", arguments->checkpoint, "A checkpoint that was kept elsewhere");
  auto* export_ = audit->add_subcommand("export", "Print all events, one JSON object a line, oldest first");
  for (auto* command : {list, verify, export_}) add_client_arguments(*command, arguments->client);
  for (auto* command : {list, verify}) add_json_argument(*command, arguments->client);
  verify->add_option("--secret-file", arguments->secret_file,
                     "The deployment secret, for a stopped data directory");
  list->callback([arguments, &run] {
    arguments->client.is_patient = arguments->is_filtered();  // what does not fit is read as well
    run = [arguments] { return run_list(*arguments); };
  });
  verify->callback([arguments, &run] {
    arguments->client.is_patient = true;  // it reads all
    run = [arguments] { return run_verify(*arguments); };
  });
  export_->callback([arguments, &run] {
    arguments->client.is_patient = true;
    run = [arguments] { return run_export(*arguments); };
  });
}

}  // namespace fumidai::app
