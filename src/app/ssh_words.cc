#include "app/ssh_words.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/url.h"

namespace fumidai::app {

namespace {

// ssh(1), OpenSSH 9 and 10.
constexpr std::string_view kWithValue = "BbcDEeFIiJLlmOoPpQRSWw";

constexpr std::string_view kOwn[] = {"--data-dir", "--profile", "--max-tunnel-duration"};

// "User=x" and "user x": the value, when the setting is of that name.
std::optional<std::string> value_of(std::string const& setting, std::string_view name) {
  auto end = setting.find_first_of("= \t");
  if (end == setting.npos || to_lower(setting.substr(0, end)) != name) return std::nullopt;
  auto value = trimmed(std::string_view(setting).substr(end));
  if (value.starts_with('=')) value = trimmed(value.substr(1));
  return std::string(value);
}

class Reader {
 public:
  explicit Reader(std::vector<std::string> const& words) : words_(words) {}

  Result<SshWords> read() {
    CHECK(read_options());
    if (found_.is_about_ssh) return std::move(found_);
    if (next_ == words_.size())
      return Error{Errc::invalid, "no target; usage: fumidai ssh [USER@]TARGET [OPTIONS OF ssh] [COMMAND]"};
    found_.host = words_[next_++];
    CHECK(split_host());
    CHECK(read_options());
    found_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    return std::move(found_);
  }

 private:
  Result<void> split_host() {
    auto const word = found_.host;
    auto at = word.rfind('@');
    bool has_user = at != word.npos;
    if (has_user) found_.host.erase(0, at + 1);
    if (found_.host.empty())
      return Error{Errc::invalid,
                   "no target" +
                       (has_user ? " behind the @ of '" + printable(word, 64) + "'" : std::string()) +
                       "; say which, as in: fumidai ssh ec2-user@web-1"};
    if (at == 0)
      return Error{Errc::invalid,
                   "no user before the @ of '" + printable(word, 64) +
                       "'; say which, or leave the @ away to be ec2-user, as in: fumidai ssh " +
                       printable(found_.host, 64)};
    if (has_user && found_.user.empty()) found_.user = word.substr(0, at);
    return success();
  }

  Result<void> read_options() {
    while (next_ < words_.size() && words_[next_].size() > 1 && words_[next_][0] == '-') {
      auto const& word = words_[next_++];
      if (word == "--") break;
      CHECK(word.starts_with("--") ? take_own(word) : read_letters(word));
    }
    return success();
  }

  // "--profile", "x"; "--profile=x".
  Result<void> take_own(std::string const& word) {
    auto equals = word.find('=');
    auto name = word.substr(0, equals);
    if (std::ranges::count(kOwn, name) == 0)
      return Error{Errc::invalid, name + " is an option of neither ssh nor fumidai ssh"};
    if (equals == word.npos && next_ == words_.size()) return Error{Errc::invalid, name + " needs a value"};
    found_.own[name] = equals == word.npos ? words_[next_++] : word.substr(equals + 1);
    return success();
  }

  // "-vAl", "user"; "-p22".
  Result<void> read_letters(std::string const& word) {
    for (std::size_t at = 1; at < word.size(); at++) {
      auto letter = word[at];
      if (letter == 'V' || letter == 'Q') found_.is_about_ssh = true;
      if (kWithValue.find(letter) == kWithValue.npos) {
        found_.options.push_back({'-', letter});
        continue;
      }
      bool is_apart = at + 1 == word.size();
      if (is_apart && next_ == words_.size())
        return Error{Errc::invalid, std::string("-") + letter + " needs a value"};
      return take(letter, is_apart ? words_[next_++] : word.substr(at + 1));
    }
    return success();
  }

  // Of what is said twice, the first counts, as with ssh.
  Result<void> take(char letter, std::string const& value) {
    auto user = letter == 'l' ? std::optional(value) : std::nullopt;
    auto port = letter == 'p' ? std::optional(value) : std::nullopt;
    if (letter == 'o') {
      user = value_of(value, "user");
      port = value_of(value, "port");
    }
    if (user) {
      if (found_.user.empty()) found_.user = *user;
    } else if (port) {
      TRY(auto number, wire::parse_port(*port));
      if (!found_.port) found_.port = number;
    } else {
      found_.options.insert(found_.options.end(), {{'-', letter}, value});
    }
    return success();
  }

  std::vector<std::string> const& words_;
  std::size_t next_ = 0;
  SshWords found_;
};

}  // namespace

Result<SshWords> parse_ssh_words(std::vector<std::string> const& words) {
  return Reader(words).read();
}

}  // namespace fumidai::app
