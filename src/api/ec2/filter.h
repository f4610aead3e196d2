#pragma once

// Filters of Describe actions (aws-requests.md 3.2): what has all of them, each by one of its values.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/tag.h"
#include "wire/shape.h"

namespace fumidai::api::ec2 {

struct Filter {
  std::string name;
  std::vector<std::string> value;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (name, value))

using Texts = std::vector<std::string>;

// What a filter's name means for an entry: the texts of which one has to match.
template <class Entry>
struct FilterKey {
  std::string_view name;
  Texts (*texts)(Entry const&);
};

// Texts of members: one that may be absent, a truth, a member of each of a list.
inline Texts texts_of(std::string const& text) {
  return {text};
}
inline Texts texts_of(std::optional<std::string> const& text) {
  return text ? Texts{*text} : Texts{};
}
inline Texts texts_of(bool truth) {
  return {truth ? "true" : "false"};
}
template <class Value, class Member>
Texts texts_of(std::vector<Value> const& values, Member Value::*member) {
  Texts texts;
  for (auto const& value : values) {
    for (auto& text : texts_of(value.*member)) texts.push_back(std::move(text));
  }
  return texts;
}

// With * and ?, which a backslash makes ordinary characters.
bool matches_filter(std::string_view pattern, std::string_view text);

// All of them, so that a page token is good for the same ones only.
std::string text_of(std::vector<Filter> const& filters);

Error unknown_filter(std::string_view name);
// Too many filters, or values: InvalidParameterValue.
Result<void> check_filters(std::vector<Filter> const& filters);

// "tag:KEY", "tag-key", "tag-value"; nothing for another name.
std::optional<Texts> tag_texts(std::string_view filter_name, std::vector<Tag> const& tags);

template <class Entry>
std::optional<Texts> filter_texts(Entry const& entry, std::string_view name) {
  for (FilterKey<Entry> const& key : filter_keys(&entry)) {
    if (key.name == name) return key.texts(entry);
  }
  if constexpr (requires { entry.tag_set; }) return tag_texts(name, entry.tag_set);
  return {};
}

template <class Entry>
Result<bool> passes(Entry const& entry, std::vector<Filter> const& filters) {
  for (auto const& filter : filters) {
    auto texts = filter_texts(entry, filter.name);
    if (!texts) return unknown_filter(filter.name);
    bool passes = false;
    for (auto const& pattern : filter.value) {
      for (auto const& text : *texts) passes = passes || matches_filter(pattern, text);
    }
    if (!passes) return false;
  }
  return true;
}

// Also refuses an unknown filter where there is nothing to filter.
template <class Entry>
Result<std::vector<Entry>> filtered(std::vector<Entry> all, std::vector<Filter> const& filters) {
  CHECK(check_filters(filters));
  for (auto const& filter : filters) {
    if (!filter_texts(Entry{}, filter.name)) return unknown_filter(filter.name);
  }
  std::vector<Entry> kept;
  for (auto& entry : all) {
    TRY(bool stays, passes(entry, filters));
    if (stays) kept.push_back(std::move(entry));
  }
  return kept;
}

}  // namespace fumidai::api::ec2
