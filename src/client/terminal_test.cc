#include <gtest/gtest.h>

#include "client/session_client.h"
#include "client/terminal.h"

namespace fumidai::client {
namespace {

using Command = EscapeReader::Command;

struct Row {
  char const* typed;
  char const* to_session;
  Command command;
};

Row const kRows[] = {
    {"", "", Command::none},
    {"ls\r", "ls\r", Command::none},
    {"~.", "", Command::end},
    {"ls\r~.rest", "ls\r", Command::end},
    {"ls\n~.", "ls\n", Command::end},
    {"a~.", "a~.", Command::none},
    {"~~.", "~.", Command::none},
    {"~?", "", Command::help},
    {"~?~.", "", Command::end},
    {"~x", "~x", Command::none},
    {"~\r~.", "~\r", Command::end},
    {"~/bin\r", "~/bin\r", Command::none},
    {"~~\r~~\r", "~\r~\r", Command::none},
    {"\x03~.", "\x03~.", Command::none},
};

TEST(EscapeReader, hears_what_is_said_to_us_at_the_beginning_of_a_line_only) {
  for (auto const& row : kRows) {
    EscapeReader reader;
    auto typed = reader.feed(as_bytes(row.typed));
    EXPECT_EQ(as_text(typed.to_session), row.to_session) << row.typed;
    EXPECT_EQ(typed.command, row.command) << row.typed;
  }
}

TEST(EscapeReader, hears_the_same_typed_key_by_key) {
  for (auto const& row : kRows) {
    EscapeReader reader;
    std::string to_session;
    auto command = Command::none;
    for (char const* key = row.typed; *key != '\0' && command != Command::end; key++) {
      auto typed = reader.feed(as_bytes(std::string_view(key, 1)));
      to_session += as_text(typed.to_session);
      if (typed.command != Command::none) command = typed.command;
    }
    EXPECT_EQ(to_session, row.to_session) << row.typed;
    EXPECT_EQ(command, row.command) << row.typed;
  }
}

TEST(EscapeReader, a_tilde_alone_waits_for_what_follows) {
  EscapeReader reader;
  EXPECT_TRUE(reader.feed(as_bytes("~")).to_session.empty());
  EXPECT_EQ(as_text(reader.feed(as_bytes("x")).to_session), "~x");
}

TEST(JoinWords, leaves_plain_words_alone_and_quotes_the_rest) {
  EXPECT_EQ(join_words({}), "");
  EXPECT_EQ(join_words({"ls", "-l", "/tmp/a.b"}), "ls -l /tmp/a.b");
  EXPECT_EQ(join_words({"echo", "a b", ""}), "echo 'a b' ''");
  EXPECT_EQ(join_words({"it's"}), R"('it'\''s')");
  EXPECT_EQ(join_words({"$HOME", "*", "a;b", "`id`", "a\nb"}), "'$HOME' '*' 'a;b' '`id`' 'a\nb'");
  EXPECT_EQ(join_words({"~root", "#x", "!"}), "'~root' '#x' '!'");
  EXPECT_EQ(join_words({"\xe8\xb8\x8f"}), "'\xe8\xb8\x8f'");
}

// The agent splits as a shell does, so a shell is the judge.
TEST(JoinWords, a_shell_reads_back_the_same_words) {
  std::vector<std::string> words{"a b",   "",          "'",       "\"", "\\", "\\'",
                                 "$(id)", "a\\b\"c'd", "--x=y z", "\t", "*",  "!"};
  auto* shell = ::popen(("printf '%s\\n' " + join_words(words)).c_str(), "r");
  ASSERT_NE(shell, nullptr);
  std::string printed, expected;
  for (int c; (c = std::fgetc(shell)) != EOF;) printed += static_cast<char>(c);
  ::pclose(shell);
  for (auto const& word : words) expected += word + "\n";
  EXPECT_EQ(printed, expected);
}

}  // namespace
}  // namespace fumidai::client
