#include "policy/pattern.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <initializer_list>

#include "base/bytes.h"

namespace fumidai::policy {

// Splits the text of a pattern into pieces.
struct Pattern::Reader {
  std::vector<Piece> pieces;

  void literal(std::string_view text) {
    if (pieces.empty() || pieces.back().kind != Kind::literal) pieces.push_back({Kind::literal, "", {}, {}});
    pieces.back().text += text;
  }

  void wildcard(char c) {
    auto kind = c == '*' ? Kind::any_run : Kind::any_one;
    bool repeats_run = kind == Kind::any_run && !pieces.empty() && pieces.back().kind == Kind::any_run;
    if (!repeats_run) pieces.push_back({kind, "", {}, {}});
  }

  // `body` is what stands between the braces: a key, a key and a quoted default, or one escaped character.
  Result<void> variable(std::string_view body) {
    if (body == "*" || body == "?" || body == "$") {
      literal(body);
      return success();
    }
    auto comma = body.find(',');
    auto key = trimmed(body.substr(0, comma));
    std::optional<std::string> default_text;
    if (comma != body.npos) {
      auto quoted = trimmed(body.substr(comma + 1));
      bool is_quoted = quoted.size() >= 2 && quoted.front() == '\'' && quoted.back() == '\'';
      if (!is_quoted) return Error{Errc::malformed, "the default of a variable must be in single quotes"};
      default_text = quoted.substr(1, quoted.size() - 2);
    }
    if (key.find(':') == key.npos || key.find_first_of("${'*?") != key.npos) {
      return Error{Errc::malformed, "'${" + escaped(body, 80) + "}' is not a policy variable"};
    }
    pieces.push_back({Kind::variable, "", Key(key), std::move(default_text)});
    return success();
  }
};

Result<Pattern> Pattern::compile(std::string_view text, Wildcards wildcards, Variables variables) {
  Reader reader;
  while (!text.empty()) {
    if (variables == Variables::yes && text.starts_with("${")) {
      auto end = text.find('}');
      if (end == text.npos) return Error{Errc::malformed, "a policy variable is not closed"};
      CHECK(reader.variable(text.substr(2, end - 2)));
      text.remove_prefix(end + 1);
      continue;
    }
    bool is_wildcard = wildcards == Wildcards::yes && (text[0] == '*' || text[0] == '?');
    is_wildcard ? reader.wildcard(text[0]) : reader.literal(text.substr(0, 1));
    text.remove_prefix(1);
  }
  Pattern pattern;
  pattern.pieces_ = std::move(reader.pieces);
  pattern.find_shape();
  return pattern;
}

void Pattern::find_shape() {
  for (auto& piece : pieces_) has_variables_ = has_variables_ || piece.kind == Kind::variable;
  auto is = [&](std::initializer_list<Kind> kinds) {
    return std::equal(pieces_.begin(), pieces_.end(), kinds.begin(), kinds.end(),
                      [](Piece const& piece, Kind kind) { return piece.kind == kind; });
  };
  if (is({Kind::any_run})) {
    shape_ = Shape::everything;
  } else if (is({}) || is({Kind::literal})) {
    shape_ = Shape::exact;
  } else if (is({Kind::literal, Kind::any_run})) {
    shape_ = Shape::prefix;
  }
  if (!pieces_.empty()) start_ = pieces_[0].text;
}

std::optional<std::string_view> Pattern::value_of(Piece const& piece, Context const& context) {
  auto values = context.find(*piece.variable);
  // A key with several values has no one text to put in the place of the variable.
  if (values && values->size() == 1) return values->front();
  if (piece.default_text) return *piece.default_text;
  return {};
}

std::optional<std::string_view> Pattern::unresolved_variable(Context const& context) const {
  if (!has_variables_) return {};
  for (auto& piece : pieces_) {
    if (piece.kind == Kind::variable && !value_of(piece, context)) return piece.variable->name();
  }
  return {};
}

namespace {

// One character is one code point, not one byte: '?' stands for what a person would count as one.
std::size_t after_character(std::string_view text, std::size_t at) {
  do at++;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  return at;
}

}  // namespace

// Where the text goes on after this part has matched at `at`; nothing when it does not match there.
std::optional<std::size_t> Pattern::match_one(Part part, std::string_view text, std::size_t at,
                                              Case letters) {
  if (part.kind == Kind::any_one) {
    return at < text.size() ? std::optional(after_character(text, at)) : std::nullopt;
  }
  auto found = text.substr(at, part.text.size());
  bool same = letters == Case::exact ? found == part.text : equal_ignoring_case(found, part.text);
  return same ? std::optional(at + part.text.size()) : std::nullopt;
}

// Only the last run can still be stretched usefully, so one place to come back to is enough.
template <class Pieces>
Match Pattern::match_all(Pieces const& pieces, std::string_view text, Case letters) {
  std::size_t at = 0, piece = 0, after_run = 0, run_ends = 0;
  // Text that must follow a run says itself where the run can end.
  auto end_run_at = [&](std::size_t earliest) {
    bool text_follows = letters == Case::exact && pieces[after_run].kind == Kind::literal;
    run_ends = text_follows ? text.find(pieces[after_run].text, earliest) : earliest;
    at = run_ends;
    piece = after_run;
    return at != text.npos;
  };
  for (;;) {
    if (piece == pieces.size() && at == text.size()) return Match::yes;
    if (piece < pieces.size() && pieces[piece].kind == Kind::any_run) {
      if (piece + 1 == pieces.size()) return Match::yes;
      after_run = piece + 1;
      if (!end_run_at(at)) return Match::no;
      continue;
    }
    std::optional<std::size_t> next;
    if (piece < pieces.size()) next = match_one({pieces[piece].kind, pieces[piece].text}, text, at, letters);
    if (next) {
      at = *next;
      piece++;
    } else if (after_run == 0 || run_ends >= text.size() || !end_run_at(after_character(text, run_ends))) {
      return Match::no;
    }
  }
}

Match Pattern::match_pieces(std::string_view text, Context const& context, Case letters) const {
  if (!has_variables_) return match_all(pieces_, text, letters);
  boost::container::small_vector<Part, 8> parts;
  for (auto& piece : pieces_) {
    if (piece.kind != Kind::variable) {
      parts.push_back({piece.kind, piece.text});
      continue;
    }
    auto value = value_of(piece, context);
    if (!value) return Match::unresolved;
    parts.push_back({Kind::literal, *value});
  }
  return match_all(parts, text, letters);
}

}  // namespace fumidai::policy
