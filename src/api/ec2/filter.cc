#include "api/ec2/filter.h"

#include "base/bytes.h"
#include "wire/url.h"

namespace fumidai::api::ec2 {

namespace {

constexpr std::size_t kMostFilters = 50, kMostValues = 200;

}  // namespace

bool matches_filter(std::string_view pattern, std::string_view text) {
  // Where to go on after the last star: one more character of the text is its.
  std::size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    std::size_t width = escaped ? 2 : 1;
    if (p < pattern.size() && !escaped && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && ((!escaped && pattern[p] == '?') || pattern[p + width - 1] == text[t])) {
      p += width;
      t++;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

std::string text_of(std::vector<Filter> const& filters) {
  std::string text;
  for (auto const& filter : filters) {
    text += wire::percent_encode(filter.name) + "=";
    for (auto const& value : filter.value) text += wire::percent_encode(value) + ",";
    text += "&";
  }
  return text;
}

Error unknown_filter(std::string_view name) {
  return {Errc::invalid, "The filter '" + escaped(name, 64) + "' is invalid", "InvalidParameterValue"};
}

Result<void> check_filters(std::vector<Filter> const& filters) {
  if (filters.size() > kMostFilters)
    return Error{Errc::limit_exceeded, "A request can have at most 50 filters.", "FilterLimitExceeded"};
  for (auto const& filter : filters) {
    if (filter.value.size() > kMostValues)
      return Error{Errc::limit_exceeded, "A filter can have at most 200 values.", "FilterLimitExceeded"};
  }
  return success();
}

std::optional<Texts> tag_texts(std::string_view filter_name, std::vector<Tag> const& tags) {
  constexpr std::string_view kOfKey = "tag:";
  bool keys = filter_name == "tag-key", values = filter_name == "tag-value",
       of_key = filter_name.starts_with(kOfKey);
  if (!keys && !values && !of_key) return {};
  Texts texts;
  for (auto const& [key, value] : tags) {
    if (keys) texts.push_back(key);
    if (values || (of_key && key == filter_name.substr(kOfKey.size()))) texts.push_back(value);
  }
  return texts;
}

}  // namespace fumidai::api::ec2
