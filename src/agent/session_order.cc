#include "agent/session_order.h"

#include <charconv>

#include "agent/words.h"
#include "base/bytes.h"

namespace fumidai::agent {

namespace json = boost::json;

namespace {

constexpr std::size_t kLongestPrefix = 512;  // a payload has at least a kilobyte

json::object const* object_of(json::object const& parent, char const* name) {
  auto const* value = parent.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

// Commands have properties for each platform, ports the same for all.
std::string property(json::object const& document, char const* name) {
  auto const* properties = object_of(document, "properties");
  auto const* platform = properties != nullptr ? object_of(*properties, "linux") : nullptr;
  if (platform == nullptr) platform = properties;
  auto const* value = platform != nullptr ? platform->if_contains(name) : nullptr;
  if (value == nullptr) return "";
  if (value->is_bool()) return value->get_bool() ? "true" : "false";
  return value->is_string() ? std::string(value->get_string()) : "";
}

Result<SessionOrder::Kind> kind_of(std::string const& type) {
  if (type == "Standard_Stream") return SessionOrder::Kind::shell;
  if (type == "InteractiveCommands") return SessionOrder::Kind::command_on_terminal;
  if (type == "NonInteractiveCommands") return SessionOrder::Kind::command;
  if (type == "Port") return SessionOrder::Kind::port;
  return Error{Errc::unsupported,
               "sessions of type '" + escaped(type, 64) + "' are not served by this agent"};
}

Result<std::uint16_t> parse_port(std::string const& text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0)
    return Error{Errc::invalid, "'" + escaped(text, 32) + "' is not a port"};
  return port;
}

}  // namespace

Result<SessionOrder> parse_order(wire::InteractiveShellContent const& content) {
  auto const& document = content.document_content;
  auto const* declared = object_of(document, "parameters");
  auto filled = [&](char const* name) {
    return substitute(property(document, name), content.parameters,
                      declared != nullptr ? *declared : json::object());
  };

  SessionOrder order;
  if (auto const* type = document.if_contains("sessionType"); type != nullptr && type->is_string())
    order.type = type->get_string();
  TRY(order.kind, kind_of(order.type));
  order.run_as_root = property(document, "runAsElevated") == "true";
  if (order.kind == SessionOrder::Kind::shell) return order;

  if (order.kind == SessionOrder::Kind::port) {
    if (property(document, "type") == "LocalPortForwarding")
      return Error{Errc::unsupported,
                   "forwarding of ports is not served by this agent, only sessions for ssh"};
    TRY(order.destination.host, filled("host"));
    if (order.destination.host.empty()) order.destination.host = "localhost";
    TRY(auto number, filled("portNumber"));
    TRY(order.destination.port, parse_port(number));
    return order;
  }

  TRY(order.commands, filled("commands"));
  if (trimmed(order.commands).empty()) return Error{Errc::invalid, "the session document has no command"};
  if (order.kind == SessionOrder::Kind::command_on_terminal) return order;

  TRY(auto separate, filled("separateOutputStream"));
  order.separate_outputs = separate == "true";
  TRY(order.output_prefix, filled("stdOutSeparatorPrefix"));
  TRY(order.error_prefix, filled("stdErrSeparatorPrefix"));
  if (std::max(order.output_prefix.size(), order.error_prefix.size()) > kLongestPrefix)
    return Error{Errc::invalid, "a prefix of an output stream is longer than 512 bytes"};
  return order;
}

}  // namespace fumidai::agent
