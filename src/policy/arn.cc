#include "policy/arn.h"

#include "base/bytes.h"

namespace fumidai::policy {

namespace {

// The colon that ends the first part; the colons inside ${aws:username} end nothing.
std::size_t end_of_part(std::string_view text, Pattern::Variables variables) {
  for (std::size_t at = 0; at < text.size(); at++) {
    if (text[at] == ':') return at;
    if (variables == Pattern::Variables::yes && text.substr(at).starts_with("${")) {
      at = text.find('}', at);
      if (at == text.npos) break;
    }
  }
  return text.npos;
}

}  // namespace

std::optional<Arn> Arn::split(std::string_view text) {
  Arn arn{text, {}};
  for (std::size_t part = 0; part < 5; part++) {
    auto colon = text.find(':');
    if (colon == text.npos) return {};
    arn.parts[part] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  arn.parts[5] = text;
  return arn;
}

Result<ArnPattern> ArnPattern::compile(std::string_view text, Pattern::Variables variables) {
  ArnPattern pattern;
  if (text == "*") return pattern;
  if (!text.starts_with("arn:")) {
    return Error{Errc::malformed, "'" + escaped(text, 80) + "' must be in ARN format or \"*\""};
  }
  for (std::size_t index = 0; index < 6; index++) {
    auto end = index == 5 ? text.npos : end_of_part(text, variables);
    CHECK(pattern.add_part(index, text.substr(0, end), variables));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return pattern;
}

Result<void> ArnPattern::add_part(std::size_t index, std::string_view text, Pattern::Variables variables) {
  TRY(auto pattern, Pattern::compile(text, Pattern::Wildcards::yes, variables));
  // The last part is not followed by the colon that keeps "user/al" from being the start of "user/alice".
  if (pattern.plain_text() && index < 5 && index == parts_in_start_) {
    start_ += *pattern.plain_text() + ":";
    parts_in_start_++;
  } else if (!pattern.matches_everything()) {
    parts_.push_back({index, std::move(pattern)});
  }
  return success();
}

Match ArnPattern::match(Arn const& arn, Context const& context) const {
  if (!arn.text.starts_with(start_)) return Match::no;
  auto result = Match::yes;
  // Names differ most often in their last part.
  for (auto part = parts_.rbegin(); part != parts_.rend(); part++) {
    auto matched = part->pattern.match(arn.parts[part->index], context);
    if (matched == Match::no) return Match::no;
    if (matched == Match::unresolved) result = Match::unresolved;
  }
  return result;
}

std::optional<std::string_view> ArnPattern::unresolved_variable(Context const& context) const {
  for (auto& part : parts_) {
    if (auto variable = part.pattern.unresolved_variable(context)) return variable;
  }
  return {};
}

}  // namespace fumidai::policy
