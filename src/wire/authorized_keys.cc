#include "wire/authorized_keys.h"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace fumidai::wire {

namespace {

constexpr std::string_view kTimestamp = "#Timestamp=", kInstance = "#Instance=", kCaller = "#Caller=",
                           kRequest = "#Request=", kKey = "ssh";
constexpr std::size_t kBase64Columns = 76;
constexpr std::string_view kFine = "ok", kRefused = "no ";

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// A line at a time; the reader of the scripts strips blanks at both ends.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool is_done() const { return rest_.empty(); }
  std::string_view next() {
    auto end = std::min(rest_.find('\n'), rest_.size());
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return stripped(line);
  }

 private:
  static std::string_view stripped(std::string_view line) {
    auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
  }

  std::string_view rest_;
};

void read_field(ActiveKey& key, std::string_view line) {
  auto value = [&](std::string_view name) { return line.substr(name.size()); };
  if (line.starts_with(kTimestamp)) {
    auto digits = value(kTimestamp);
    std::int64_t seconds = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    bool fits = failure == std::errc() && end == digits.data() + digits.size() && seconds > 0 &&
                seconds < (std::int64_t{1} << 40);
    key.expires = fits ? Time(std::chrono::seconds(seconds)) : Time();
  } else if (line.starts_with(kInstance)) {
    key.instance = InstanceId(std::string(value(kInstance)));
  } else if (line.starts_with(kCaller)) {
    key.caller = value(kCaller);
  } else if (line.starts_with(kRequest)) {
    key.request = value(kRequest);
  }
}

// From `line`, the first of a record, to the empty line after it.
std::optional<SignedKey> read_record(std::string_view line, Lines& lines) {
  SignedKey found;
  for (; line.starts_with('#'); line = lines.next()) {
    read_field(found.key, line);
    found.signed_text += std::string(line) + "\n";
  }
  bool has_key = line.starts_with(kKey);
  if (has_key) {
    found.key.key = line;
    found.signed_text += found.key.key + "\n";
    line = lines.next();
  }
  std::string signature;
  for (; !line.empty(); line = lines.next()) signature += line;
  if (!has_key || found.key.expires == Time() || found.key.instance.empty()) return std::nullopt;
  auto bytes = from_base64(signature);
  if (!bytes || bytes->empty()) return std::nullopt;
  found.signature = *std::move(bytes);
  return found;
}

}  // namespace

Result<SshPublicKey> check_pushed_key(std::string_view text) {
  auto refused = [](std::string why) { return Error{Errc::invalid, std::move(why)}; };
  if (text.size() < kLeastPushedKey || text.size() > kMostPushedKey)
    return refused("it has " + std::to_string(text.size()) + " characters; a key has 80 to 4096");
  while (!text.empty() &&
         (text.back() == '\n' || text.back() == '\r' || text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  if (!is_one_line(text)) return refused("it is more than one line");
  if (!text.starts_with("ssh-"))
    return refused(
        "it does not begin with ssh-rsa or ssh-ed25519: send the one line of a .pub file, without options");
  auto key = parse_ssh_public_key(text);
  if (!key)
    return refused(key.error().detail + "; accepted are ssh-ed25519, and ssh-rsa of 2048 or 4096 bits");
  if (key->type == SshKeyType::rsa && key->bits != 2048 && key->bits != 4096)
    return refused("it is an RSA key of " + std::to_string(key->bits) + " bits; 2048 and 4096 are accepted");
  return key;
}

// ^[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?$, or digits first and then something that is no digit.
bool is_os_user(std::string_view name) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto is_inner = [&](char c) {
    return is_digit(c) || is_letter(c) || c == '@' || c == '.' || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > 32) return false;
  bool is_number = is_digit(name[0]);
  if (!is_number && !is_letter(name[0]) && name[0] != '_') return false;
  auto last = name.back();
  bool ends_well = is_inner(last) || (last == '$' && name.size() > 1);
  auto inner = name.substr(1, name.size() < 2 ? 0 : name.size() - 2);
  if (!ends_well || !std::all_of(inner.begin(), inner.end(), is_inner)) return false;
  // Only a character that may stand at the end is free there when the name has its full length.
  if (name.size() == 32 && (last == '@' || last == '.')) return false;
  if (!is_number) return true;
  auto word = std::find_if_not(name.begin(), name.end(), is_digit);
  return word != name.end() && *word != '$';
}

std::string ActiveKey::signed_text() const {
  assert(is_one_line(instance.text() + caller + request + key) && key.starts_with(kKey));
  std::string text;
  text.append(kTimestamp).append(std::to_string(seconds_of(expires))).append("\n");
  text.append(kInstance).append(instance.text()).append("\n");
  text.append(kCaller).append(caller).append("\n");
  text.append(kRequest).append(request).append("\n");
  return text.append(key).append("\n");
}

std::string write_active_key(ActiveKey const& key, ByteView signature) {
  auto text = key.signed_text();
  auto base64 = to_base64(signature);
  for (std::size_t at = 0; at < base64.size(); at += kBase64Columns)
    text.append(base64, at, kBase64Columns).append("\n");
  return text.append("\n");
}

Result<std::vector<SignedKey>> parse_active_keys(std::string_view text) {
  if (text.size() > kMostActiveKeysText) return Error{Errc::too_large, "the file of active keys is too long"};
  std::vector<SignedKey> keys;
  for (Lines lines(text); !lines.is_done();) {
    auto line = lines.next();
    if (line.empty()) continue;
    auto record = read_record(line, lines);
    if (!record) continue;
    if (keys.size() == kMostActiveKeys) return Error{Errc::too_large, "there are too many active keys"};
    keys.push_back(*std::move(record));
  }
  return keys;
}

bool is_usable(ActiveKey const& key, InstanceId const& instance, std::string_view fingerprint, Time now) {
  if (key.instance != instance || seconds_of(key.expires) <= seconds_of(now)) return false;
  auto parsed = parse_ssh_public_key(key.key);
  return parsed && (fingerprint.empty() || parsed->openssh_fingerprint() == fingerprint);
}

std::string write_keys_answer(Result<std::vector<std::string>> const& keys) {
  if (!keys) return std::string(kRefused) + escaped(keys.error().detail, 1024) + "\n";
  std::string text = std::string(kFine) + "\n";
  for (auto const& key : *keys) text += key + "\n";
  return text;
}

Result<std::vector<std::string>> parse_keys_answer(std::string_view text) {
  if (text.size() > kMostActiveKeysText) return Error{Errc::too_large, "the agent's answer is too long"};
  // One that was cut off has no end of its last line.
  if (!text.ends_with('\n')) return Error{Errc::malformed, "the agent's answer ends too early"};
  text.remove_suffix(1);
  auto lines = split(text, '\n');
  if (lines[0].starts_with(kRefused))
    return Error{Errc::unavailable, std::string(lines[0].substr(kRefused.size()))};
  if (lines[0] != kFine) return Error{Errc::malformed, "the agent's answer is none"};
  return std::vector<std::string>(lines.begin() + 1, lines.end());
}

}  // namespace fumidai::wire
