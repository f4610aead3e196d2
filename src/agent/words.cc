#include "agent/words.h"

#include "base/bytes.h"

namespace fumidai::agent {

namespace json = boost::json;

namespace {

Result<std::string> value_of(std::string_view name, json::object const& parameters,
                             json::object const& declared) {
  json::string_view key(name.data(), name.size());
  if (auto const* given = parameters.if_contains(key); given != nullptr && given->is_string())
    return std::string(given->get_string());
  if (auto const* parameter = declared.if_contains(key); parameter != nullptr && parameter->is_object()) {
    auto const* fallback = parameter->get_object().if_contains("default");
    if (fallback != nullptr && fallback->is_string()) return std::string(fallback->get_string());
  }
  return Error{Errc::invalid,
               "the parameter '" + escaped(name, 64) + "' of the session document was not given"};
}

}  // namespace

Result<std::string> substitute(std::string const& text, json::object const& parameters,
                               json::object const& declared) {
  std::string result;
  std::string_view rest = text;
  for (;;) {
    auto open = rest.find("{{");
    auto close = open == rest.npos ? rest.npos : rest.find("}}", open);
    if (close == rest.npos) return result + std::string(rest);
    result += rest.substr(0, open);
    // A value is put in as it is: braces in it stand for themselves.
    TRY(auto value, value_of(trimmed(rest.substr(open + 2, close - open - 2)), parameters, declared));
    result += value;
    rest.remove_prefix(close + 2);
  }
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (quote == '\'' && c != '\'') {
      word += c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && i + 1 < text.size()) {
      char next = text[++i];
      // Within double quotes a backslash means something before four characters only.
      if (quote == '"' && std::string_view("\"\\$`").find(next) == std::string_view::npos) word += c;
      word += next;
      in_word = true;
    } else if (quote != 0) {
      word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0)
    return Error{Errc::malformed, std::string("the command has a ") + quote + " without its end"};
  if (in_word) words.push_back(std::move(word));
  return words;
}

}  // namespace fumidai::agent
