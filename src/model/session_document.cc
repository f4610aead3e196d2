#include "model/session_document.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "base/bytes.h"

namespace fumidai::model {

namespace json = boost::json;

std::string_view to_string(SessionType type) {
  switch (type) {
    case SessionType::standard_stream: return "Standard_Stream";
    case SessionType::interactive_commands: return "InteractiveCommands";
    case SessionType::non_interactive_commands: return "NonInteractiveCommands";
    case SessionType::port: return "Port";
  }
  return "";
}

namespace {

constexpr std::size_t kMostParameterBytes = 16 * 1024;

json::object string_parameter(std::string_view description, char const* default_value = nullptr) {
  json::object parameter{{"type", "String"},
                         {"description", json::string(description.data(), description.size())}};
  if (default_value != nullptr) parameter["default"] = default_value;
  return parameter;
}

json::object document(std::string_view description, SessionType type) {
  auto type_name = to_string(type);
  return {{"schemaVersion", "1.0"},
          {"description", json::string(description.data(), description.size())},
          {"sessionType", json::string(type_name.data(), type_name.size())}};
}

json::object for_each_platform(json::object const& properties) {
  return {{"linux", properties}, {"windows", properties}, {"macos", properties}};
}

json::object shell() {
  auto content = document("A shell of the instance's session user", SessionType::standard_stream);
  content["inputs"] = json::object{{"s3BucketName", ""},           {"s3KeyPrefix", ""},
                                   {"s3EncryptionEnabled", false}, {"kmsKeyId", ""},
                                   {"runAsEnabled", false},        {"runAsDefaultUser", ""},
                                   {"cloudWatchLogGroupName", ""}, {"cloudWatchEncryptionEnabled", false}};
  return content;
}

json::object interactive_command() {
  auto content = document("One command, in a terminal", SessionType::interactive_commands);
  content["parameters"] = json::object{{"command", string_parameter("The command to run")}};
  content["properties"] = for_each_platform({{"commands", "{{ command }}"}, {"runAsElevated", false}});
  return content;
}

json::object non_interactive_command() {
  auto content = document("One command, without a terminal", SessionType::non_interactive_commands);
  content["parameters"] = json::object{
      {"command", string_parameter("The command to run")},
      {"separateOutputStream",
       string_parameter("Whether standard error and the exit code come apart from standard output", "false")},
      {"stdOutSeparatorPrefix", string_parameter("What begins each piece of standard output", "")},
      {"stdErrSeparatorPrefix", string_parameter("What begins each piece of standard error", "")}};
  content["properties"] = for_each_platform({{"commands", "{{ command }}"},
                                             {"runAsElevated", false},
                                             {"separateOutputStream", "{{ separateOutputStream }}"},
                                             {"stdOutSeparatorPrefix", "{{ stdOutSeparatorPrefix }}"},
                                             {"stdErrSeparatorPrefix", "{{ stdErrSeparatorPrefix }}"}});
  return content;
}

json::object ssh() {
  auto content =
      document("A TCP connection to a port of the instance, for ssh's ProxyCommand", SessionType::port);
  content["parameters"] = json::object{{"portNumber", string_parameter("The port of the SSH server", "22")}};
  content["properties"] = json::object{{"portNumber", "{{ portNumber }}"}};
  return content;
}

Error invalid_parameters(std::string detail) {
  return {Errc::invalid, std::move(detail), "InvalidParameters"};
}

std::string listed(json::object const& parameters) {
  std::string text;
  for (auto const& parameter : parameters) text += (text.empty() ? "" : ", ") + std::string(parameter.key());
  return text.empty() ? "none" : text;
}

// The prefixes are put before each piece of output: the agents accept these characters only.
bool is_prefix_text(std::string_view text) {
  return text.size() <= 30 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\r' ||
                  c == '\n' || c == '_' || c == ':' || c == '-';
         });
}

bool is_port(std::string const& text) {
  bool is_number = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos;
  return is_number && std::stoi(text) >= 1 && std::stoi(text) <= 65535;
}

Result<void> check_value(std::string_view name, std::string const& value) {
  if (value.size() > kMostParameterBytes)
    return invalid_parameters("the parameter '" + std::string(name) + "' has more than 16384 bytes");
  if (value.find('\0') != value.npos || !is_utf8(value))
    return invalid_parameters("the parameter '" + std::string(name) + "' is not UTF-8 text");
  bool is_prefix = name == "stdOutSeparatorPrefix" || name == "stdErrSeparatorPrefix";
  if (is_prefix && !is_prefix_text(value))
    return invalid_parameters("'" + std::string(name) + "' must match ^[0-9a-zA-Z\\r\\n_:-]{0,30}$");
  if (name == "portNumber" && !is_port(value))
    return invalid_parameters("'portNumber' must be a number from 1 to 65535");
  if (name == "separateOutputStream" && value != "true" && value != "false")
    return invalid_parameters("'separateOutputStream' must be true or false");
  return success();
}

}  // namespace

std::vector<std::string_view> session_document_names() {
  return {kDefaultDocument, "AWS-StartInteractiveCommand", "AWS-StartNonInteractiveCommand", kSshDocument};
}

Result<SessionDocument> find_session_document(std::string_view name) {
  if (name == kDefaultDocument)
    return SessionDocument{std::string(name), SessionType::standard_stream, shell()};
  if (name == "AWS-StartInteractiveCommand")
    return SessionDocument{std::string(name), SessionType::interactive_commands, interactive_command()};
  if (name == "AWS-StartNonInteractiveCommand")
    return SessionDocument{std::string(name), SessionType::non_interactive_commands,
                           non_interactive_command()};
  if (name == kSshDocument) return SessionDocument{std::string(name), SessionType::port, ssh()};
  std::string known;
  for (auto each : session_document_names()) known += (known.empty() ? "" : ", ") + std::string(each);
  return Error{Errc::not_found,
               "Document with name " + escaped(name, 128) +
                   " does not exist. Session documents here are: " + known + ".",
               "InvalidDocument"};
}

Result<json::object> resolve_parameters(SessionDocument const& document, DocumentParameters const& given) {
  json::object declared;
  if (auto const* parameters = document.content.if_contains("parameters")) declared = parameters->as_object();
  json::object resolved;
  for (auto const& [name, values] : given) {
    if (!declared.contains(name)) {
      return invalid_parameters("the document " + document.name + " has no parameter '" + escaped(name, 64) +
                                "'; it has: " + listed(declared));
    }
    if (values.size() != 1) return invalid_parameters("the parameter '" + name + "' takes exactly one value");
    CHECK(check_value(name, values[0]));
    resolved[name] = values[0];
  }
  for (auto const& parameter : declared) {
    std::string name(parameter.key());
    bool has_default = parameter.value().as_object().contains("default");
    bool blank = !resolved.contains(name) || trimmed(std::string_view(resolved[name].as_string())).empty();
    if (!has_default && blank)
      return invalid_parameters("the document " + document.name + " needs the parameter '" + name + "'");
  }
  return resolved;
}

}  // namespace fumidai::model
