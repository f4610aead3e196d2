#pragma once

// Text of a policy that is compared with text of a request: it may hold wildcards and ${variables}. Compiled
// once, when the policy is read; immutable afterwards.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/context.h"

namespace fumidai::policy {

// `unresolved`: a variable of the pattern has neither a value in the context nor a default, so nobody can
// say.
enum class Match { no, yes, unresolved };

class Pattern {
 public:
  enum class Wildcards { no, yes };    // whether * and ? mean anything
  enum class Variables { no, yes };    // whether ${...} means anything
  enum class Case { exact, ignored };  // ignored for ASCII letters

  static Result<Pattern> compile(std::string_view text, Wildcards wildcards, Variables variables);

  // The value of a variable is literal: a user who is named "*" gains nothing by it.
  // Takes at most (length of the pattern) x (length of the text) steps, whatever either of them is.
  Match match(std::string_view text, Context const& context, Case letters = Case::exact) const {
    auto answer = [](bool matched) { return matched ? Match::yes : Match::no; };
    switch (letters == Case::exact ? shape_ : Shape::other) {
      case Shape::everything: return Match::yes;
      case Shape::exact: return answer(text == start_);
      case Shape::prefix: return answer(text.starts_with(start_));
      case Shape::other: break;
    }
    return match_pieces(text, context, letters);
  }

  bool matches_everything() const { return shape_ == Shape::everything; }
  // The one text that matches; null when wildcards or variables leave a choice.
  std::string const* plain_text() const { return shape_ == Shape::exact ? &start_ : nullptr; }

  // The first variable that has no value and no default; nothing when the pattern can be compared.
  std::optional<std::string_view> unresolved_variable(Context const& context) const;

 private:
  enum class Kind { literal, any_one, any_run, variable };
  struct Piece {
    Kind kind;
    std::string text;                         // of a literal
    std::optional<Key> variable;              //
    std::optional<std::string> default_text;  // of a variable
  };
  struct Part {  // what a piece comes to once its variable has a value
    Kind kind;
    std::string_view text;
  };
  // Most patterns are of the first three shapes, and a decision meets thousands of them.
  enum class Shape { everything, exact, prefix, other };
  struct Reader;

  void find_shape();
  Match match_pieces(std::string_view text, Context const& context, Case letters) const;
  static std::optional<std::string_view> value_of(Piece const& piece, Context const& context);
  static std::optional<std::size_t> match_one(Part part, std::string_view text, std::size_t at, Case letters);
  template <class Pieces>
  static Match match_all(Pieces const& pieces, std::string_view text, Case letters);

  Shape shape_ = Shape::other;
  bool has_variables_ = false;
  std::string start_;  // of shapes exact and prefix
  std::vector<Piece> pieces_;
};

}  // namespace fumidai::policy
