#include "agent/words.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "agent/session_order.h"
#include "wire/json_shape.h"

namespace fumidai::agent {
namespace {

namespace json = boost::json;
using Words = std::vector<std::string>;

TEST(Words, split_as_a_shell_splits_them) {
  struct {
    char const* text;
    Words words;
  } const table[] = {
      {"", {}},
      {"  \t\n ", {}},
      {"ls -l /tmp", {"ls", "-l", "/tmp"}},
      {"  ls\t-l\r\n", {"ls", "-l"}},
      {"echo 'a  b' \"c  d\"", {"echo", "a  b", "c  d"}},
      {"a''b \"\" ''", {"ab", "", ""}},
      {R"(a\ b \' \")", {"a b", "'", "\""}},
      {R"('a\b' "a\b" "a\"b" "\\ \$ \`")", {"a\\b", "a\\b", "a\"b", "\\ $ `"}},
      {R"('it'\''s')", {"it's"}},
      {"a=\"b c\"d", {"a=b cd"}},
      {"$HOME *.txt `id` ;|&", {"$HOME", "*.txt", "`id`", ";|&"}},
      {"end\\", {"end\\"}},
      {"\xe8\xb8\x8f '\xe3\x81\xbf\xe5\x8f\xb0'", {"\xe8\xb8\x8f", "\xe3\x81\xbf\xe5\x8f\xb0"}},
  };
  for (auto const& row : table) {
    auto words = split_words(row.text);
    ASSERT_TRUE(words) << row.text;
    EXPECT_EQ(*words, row.words) << row.text;
  }
}

TEST(Words, a_quote_without_its_end_is_an_error) {
  for (auto text : {"'", "\"", "echo 'a", "echo \"a\\\"", "a'b\"c"}) {
    auto words = split_words(text);
    ASSERT_FALSE(words) << text;
    EXPECT_EQ(words.error().code, Errc::malformed);
  }
}

TEST(Substitute, puts_in_what_is_given_or_declared) {
  json::object given{{"command", "ls -l"}, {"empty", ""}, {"braces", "{{ command }}"}};
  json::object declared{{"command", {{"default", "id"}}}, {"path", {{"default", "/tmp"}}}, {"bare", nullptr}};
  auto filled = [&](std::string const& text) { return substitute(text, given, declared); };
  EXPECT_EQ(*filled(""), "");
  EXPECT_EQ(*filled("plain } text {"), "plain } text {");
  EXPECT_EQ(*filled("{{ command }}"), "ls -l");
  EXPECT_EQ(*filled("{{command}} {{  path}}"), "ls -l /tmp");
  EXPECT_EQ(*filled("a{{ empty }}b"), "ab");
  EXPECT_EQ(*filled("{{ command"), "{{ command");
  EXPECT_EQ(*filled("{{ braces }}"), "{{ command }}") << "a value is not looked into";
  for (auto text : {"{{ unknown }}", "{{ bare }}", "{{}}"}) {
    ASSERT_FALSE(filled(text)) << text;
    EXPECT_EQ(filled(text).error().code, Errc::invalid) << text;
  }
}

wire::InteractiveShellContent content(char const* document, json::object parameters = {}) {
  wire::InteractiveShellContent content;
  content.document_content = wire::parse_json(document)->as_object();
  content.parameters = std::move(parameters);
  return content;
}

TEST(SessionOrder, a_shell_asks_for_nothing_more) {
  auto order = parse_order(content(R"({"sessionType": "Standard_Stream"})"));
  ASSERT_TRUE(order);
  EXPECT_EQ(order->kind, SessionOrder::Kind::shell);
  EXPECT_FALSE(order->run_as_root);
}

TEST(SessionOrder, a_command_is_filled_with_its_parameters) {
  constexpr auto kDocument = R"({
    "sessionType": "NonInteractiveCommands",
    "parameters": {"command": {"type": "String"}, "separate": {"default": "true"}},
    "properties": {"linux": {"commands": "{{ command }} -l", "runAsElevated": true,
                             "separateOutputStream": "{{ separate }}", "stdErrSeparatorPrefix": "ERR "}}})";
  auto order = parse_order(content(kDocument, {{"command", "ls"}}));
  ASSERT_TRUE(order) << order.error().detail;
  EXPECT_EQ(order->kind, SessionOrder::Kind::command);
  EXPECT_EQ(order->commands, "ls -l");
  EXPECT_TRUE(order->run_as_root);
  EXPECT_TRUE(order->separate_outputs);
  EXPECT_EQ(order->error_prefix, "ERR ");
  EXPECT_EQ(parse_order(content(kDocument)).error().code, Errc::invalid);
}

TEST(SessionOrder, what_cannot_be_served_is_told_before_anything_runs) {
  EXPECT_EQ(parse_order(content(R"({"sessionType": "Fax"})")).error().code, Errc::unsupported);
  EXPECT_EQ(parse_order(content("{}")).error().code, Errc::unsupported);
  EXPECT_EQ(parse_order(content(R"({"sessionType": 5, "properties": []})")).error().code, Errc::unsupported);
  for (auto properties : {"{}", "[]", "{\"linux\": 5}", R"({"linux": {"commands": "  "}})",
                          R"({"linux": {"commands": ["ls"]}})"}) {
    auto document =
        R"({"sessionType": "InteractiveCommands", "properties": )" + std::string(properties) + "}";
    EXPECT_EQ(parse_order(content(document.c_str())).error().code, Errc::invalid) << properties;
  }
}

TEST(SessionOrder, a_prefix_that_would_fill_a_message_is_refused) {
  auto with_prefix = [](std::size_t length) {
    auto document = R"({"sessionType": "NonInteractiveCommands", "properties": {"linux": {"commands": "ls",
                        "stdOutSeparatorPrefix": ")" +
                    std::string(length, 'x') + "\"}}}";
    return parse_order(content(document.c_str()));
  };
  EXPECT_TRUE(with_prefix(512));
  EXPECT_FALSE(with_prefix(513));
}

TEST(SessionOrder, a_port_is_of_this_host_unless_another_is_named) {
  auto ssh = parse_order(content(R"({"sessionType": "Port", "parameters": {"portNumber": {"default": "22"}},
                                     "properties": {"portNumber": "{{ portNumber }}"}})"));
  ASSERT_TRUE(ssh) << ssh.error().detail;
  EXPECT_EQ(ssh->destination.host, "localhost");
  EXPECT_EQ(ssh->destination.port, 22);
  auto tunnel = parse_order(
      content(R"({"sessionType": "Port", "properties": {"host": "10.0.1.4", "portNumber": "65535"}})"));
  ASSERT_TRUE(tunnel) << tunnel.error().detail;
  EXPECT_EQ(tunnel->destination.host, "10.0.1.4");
  EXPECT_EQ(tunnel->destination.port, 65535);
  for (auto const* port : {"", "0", "65536", "22 ", "-1", "ssh", "0x16"}) {
    auto document =
        R"({"sessionType": "Port", "properties": {"portNumber": ")" + std::string(port) + R"("}})";
    EXPECT_FALSE(parse_order(content(document.c_str()))) << port;
  }
  EXPECT_FALSE(parse_order(content(
      R"({"sessionType": "Port", "properties": {"portNumber": "22", "type": "LocalPortForwarding"}})")));
}

}  // namespace
}  // namespace fumidai::agent
