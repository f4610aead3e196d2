// fumidai explain ID

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

#include "app/client_command.h"
#include "app/commands.h"
#include "base/bytes.h"

namespace fumidai::app {

namespace json = boost::json;

namespace {

void say(char const* label, std::string const& text) {
  if (!text.empty()) std::printf("  %-12s %s\n", label, printable(text, 4096).c_str());
}

// A line each, as "command: uname -a".
void say_parameters(json::value const& detail) {
  auto const* parameters = detail.is_object() ? detail.get_object().if_contains("parameters") : nullptr;
  if (parameters == nullptr || !parameters->is_object()) return;
  for (auto const& [name, values] : parameters->get_object()) {
    std::string text;
    for (auto const& value : values.is_array() ? values.get_array() : json::array{values})
      text += (text.empty() ? "" : ", ") +
              (value.is_string() ? std::string(value.get_string()) : json::serialize(value));
    say("with", std::string(name) + ": " + text);
  }
}

void explain_event(json::value const& event) {
  auto const& detail = event.as_object().at("detail");
  auto kind = text_of(event, "kind");
  std::printf("%s  %s %s\n", text_of(event, "time").c_str(), kind.c_str(), text_of(event, "outcome").c_str());
  say("who", text_of(event, "principal"));
  say("what", text_of(event, "action"));
  say("on", text_of(event, "resource"));
  say("from", text_of(event, "source"));
  say("session", text_of(event, "session"));
  say("request", text_of(event, "request"));
  say("target", text_of(detail, "target"));
  say("document", text_of(detail, "document"));
  say_parameters(detail);
  say("reason", text_of(detail, "reason"));
  say("role session", text_of(detail, "roleSession"));
  say("decided by", text_of(detail, "decidedBy"));
  say("therefore", text_of(detail, "wouldChange"));
  say("ended as", text_of(detail, "state"));
  say("why", text_of(detail, "why"));
  say("error", text_of(detail, "error"));
  say("bytes in", text_of(detail, "bytesIn"));
  say("bytes out", text_of(detail, "bytesOut"));
  say("lasted (ms)", text_of(detail, "milliseconds"));
  std::printf("\n");
}

}  // namespace

void add_explain_command(CLI::App& app, Run& run) {
  struct Arguments {
    ClientArguments client;
    std::string id;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "explain", "Say who asked for what, which statement decided, and what would change it");
  command->add_option("id", arguments->id, "The id of a session or of a request, or the number of an event")
      ->required();
  add_client_arguments(*command, arguments->client);
  add_json_argument(*command, arguments->client);
  command->callback([arguments, &run] {
    run = [arguments]() -> Result<int> {
      TRY(auto answer, call_plane(arguments->client, "fumidai", "Fumidai.Explain", {{"Id", arguments->id}}));
      auto const& events = answer.as_object().at("Events").as_array();
      if (arguments->client.json) {
        print_json(events);
        return 0;
      }
      for (auto const& event : events) explain_event(event);
      return 0;
    };
  });
}

}  // namespace fumidai::app
