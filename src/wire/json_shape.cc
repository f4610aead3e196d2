#include "wire/json_shape.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>

#include "base/digest.h"

namespace fumidai::wire {

Result<json::value> parse_json(std::string_view text) {
  boost::system::error_code failure;
  auto value = json::parse(json::string_view(text.data(), text.size()), failure);
  if (failure)
    return Error{Errc::malformed, "the body is not JSON: " + failure.message(), "SerializationException"};
  return value;
}

std::string to_text(json::value const& value) {
  return json::serialize(value);
}

namespace detail {

namespace {

std::string_view view(json::string const& text) {
  return {text.data(), text.size()};
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failure == std::errc() && end == text.data() + text.size();
}

}  // namespace

Error wrong_type(std::string_view path, std::string_view wanted) {
  return {Errc::malformed, std::string(path) + " must be " + std::string(wanted), "SerializationException"};
}

Result<std::string> read_string(json::value const& from, Scalars, std::string_view path) {
  if (!from.is_string()) return wrong_type(path, "a string");
  return std::string(view(from.get_string()));
}

Result<bool> read_bool(json::value const& from, Scalars scalars, std::string_view path) {
  if (from.is_bool()) return from.get_bool();
  if (scalars == Scalars::text && from.is_string()) {
    auto text = view(from.get_string());
    if (equal_ignoring_case(text, "true")) return true;
    if (equal_ignoring_case(text, "false")) return false;
  }
  return wrong_type(path, "true or false");
}

Result<std::int64_t> read_integer(json::value const& from, Scalars scalars, std::string_view path) {
  if (from.is_int64()) return from.get_int64();
  std::int64_t value = 0;
  if (scalars == Scalars::text && from.is_string() && read_number(view(from.get_string()), value))
    return value;
  return wrong_type(path, "an integer");
}

Result<double> read_double(json::value const& from, Scalars scalars, std::string_view path) {
  if (from.is_number()) return from.to_number<double>();
  double value = 0;
  if (scalars == Scalars::text && from.is_string() && read_number(view(from.get_string()), value))
    return value;
  return wrong_type(path, "a number");
}

Result<Time> read_time(json::value const& from, Scalars, std::string_view path) {
  if (from.is_string()) {
    if (auto time = parse_time(view(from.get_string()))) return *time;
  } else if (from.is_number()) {
    auto seconds = from.to_number<double>();
    bool in_range = seconds >= -62'167'219'200 && seconds < 253'402'300'799;  // the years 0 to 9999
    if (in_range) return from_millis(std::llround(seconds * 1000));
  }
  return wrong_type(path, "a timestamp");
}

Result<Bytes> read_blob(json::value const& from, Scalars, std::string_view path) {
  if (!from.is_string()) return wrong_type(path, "a base64 string");
  auto bytes = from_base64(view(from.get_string()));
  if (!bytes) return wrong_type(path, "base64");
  return bytes;
}

Result<std::vector<json::value const*>> read_list(json::value const& from, Scalars scalars,
                                                  std::string_view path) {
  std::vector<json::value const*> entries;
  if (from.is_array()) {
    for (auto const& entry : from.get_array()) entries.push_back(&entry);
    return entries;
  }
  if (scalars == Scalars::typed) return wrong_type(path, "a list");
  // `Name=` with nothing behind it is how botocore writes an empty list.
  if (from.is_string() && from.get_string().empty()) return entries;
  if (!from.is_object()) return wrong_type(path, "a list");
  auto const* numbered = &from.get_object();
  if (auto const* members = numbered->if_contains("member"); members != nullptr && members->is_object())
    numbered = &members->get_object();
  std::vector<std::pair<std::uint32_t, json::value const*>> by_number;
  for (auto const& [key, entry] : *numbered) {
    std::uint32_t number = 0;
    if (!read_number({key.data(), key.size()}, number)) return wrong_type(path, "a list (Name.1, Name.2, …)");
    by_number.emplace_back(number, &entry);
  }
  std::sort(by_number.begin(), by_number.end(),
            [](auto const& a, auto const& b) { return a.first < b.first; });
  for (auto const& [number, entry] : by_number) entries.push_back(entry);
  return entries;
}

Result<std::vector<std::pair<std::string, json::value const*>>> read_map(json::value const& from,
                                                                         Scalars scalars,
                                                                         std::string_view path) {
  std::vector<std::pair<std::string, json::value const*>> entries;
  if (!from.is_object()) return wrong_type(path, "an object");
  if (scalars == Scalars::typed) {
    for (auto const& [key, entry] : from.get_object())
      entries.emplace_back(std::string(key.data(), key.size()), &entry);
    return entries;
  }
  auto const* numbered = from.get_object().if_contains("entry");
  if (numbered == nullptr) return wrong_type(path, "a map (Name.entry.1.key, Name.entry.1.value)");
  TRY(auto pairs, read_list(*numbered, scalars, path));
  for (auto const* pair : pairs) {
    auto const* object = pair->if_object();
    auto const* key = object != nullptr ? object->if_contains("key") : nullptr;
    auto const* value = object != nullptr ? object->if_contains("value") : nullptr;
    if (key == nullptr || value == nullptr || !key->is_string())
      return wrong_type(path, "a map of key and value");
    entries.emplace_back(std::string(view(key->get_string())), value);
  }
  return entries;
}

json::value fact_of(std::string_view text) {
  constexpr std::size_t kMost = 256;
  auto fact = text.size() <= kMost ? std::string(text)
                                   : "sha256:" + to_hex(sha256(as_bytes(text))) + " (" +
                                         std::to_string(text.size()) + " bytes)";
  return json::value(fact);
}

json::value time_value(Time time) {
  auto millis = to_millis(time);
  if (millis % 1000 == 0) return json::value(millis / 1000);
  return json::value(static_cast<double>(millis) / 1000);
}

}  // namespace detail

}  // namespace fumidai::wire
