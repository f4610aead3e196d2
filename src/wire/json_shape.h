#pragma once

// Shapes from and to JSON, and from the tree that a Query body makes (query_shape.h).

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/secret.h"
#include "wire/shape.h"

namespace fumidai::wire {

namespace json = boost::json;

// Error: malformed, with SerializationException as AWS's name. Nesting is limited to 32.
Result<json::value> parse_json(std::string_view text);

// How scalars are read: JSON has types, a Query body has only text.
enum class Scalars { typed, text };

namespace detail {

Error wrong_type(std::string_view path, std::string_view wanted);
Result<std::string> read_string(json::value const& from, Scalars scalars, std::string_view path);
Result<bool> read_bool(json::value const& from, Scalars scalars, std::string_view path);
Result<std::int64_t> read_integer(json::value const& from, Scalars scalars, std::string_view path);
Result<double> read_double(json::value const& from, Scalars scalars, std::string_view path);
Result<Time> read_time(json::value const& from, Scalars scalars, std::string_view path);
Result<Bytes> read_blob(json::value const& from, Scalars scalars, std::string_view path);
// The entries of a list, in order: a JSON array, or {"member": {"1": …}} or {"1": …} from a Query body.
Result<std::vector<json::value const*>> read_list(json::value const& from, Scalars scalars,
                                                  std::string_view path);
Result<std::vector<std::pair<std::string, json::value const*>>> read_map(json::value const& from,
                                                                         Scalars scalars,
                                                                         std::string_view path);

template <class T>
Result<void> read(json::value const& from, Scalars scalars, std::string_view path, T& into) {
  if constexpr (IsOptional<T>::value) {
    return read(from, scalars, path, into.emplace());
  } else if constexpr (std::is_same_v<T, std::string>) {
    TRY(into, read_string(from, scalars, path));
  } else if constexpr (std::is_same_v<T, Secret>) {
    TRY(auto text, read_string(from, scalars, path));
    into = Secret(std::move(text));
  } else if constexpr (std::is_same_v<T, bool>) {
    TRY(into, read_bool(from, scalars, path));
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    TRY(into, read_integer(from, scalars, path));
  } else if constexpr (std::is_same_v<T, double>) {
    TRY(into, read_double(from, scalars, path));
  } else if constexpr (std::is_same_v<T, Time>) {
    TRY(into, read_time(from, scalars, path));
  } else if constexpr (std::is_same_v<T, Bytes>) {
    TRY(into, read_blob(from, scalars, path));
  } else if constexpr (std::is_same_v<T, json::value>) {
    into = from;
  } else if constexpr (std::is_same_v<T, json::object>) {
    if (!from.is_object()) return wrong_type(path, "an object");
    into = from.get_object();
  } else if constexpr (IsVector<T>::value) {
    TRY(auto entries, read_list(from, scalars, path));
    for (auto const* entry : entries) CHECK(read(*entry, scalars, path, into.emplace_back()));
  } else if constexpr (IsMap<T>::value) {
    TRY(auto entries, read_map(from, scalars, path));
    for (auto const& [key, entry] : entries) CHECK(read(*entry, scalars, path, into[key]));
  } else {
    static_assert(Shape<T>, "not a type that travels");
    if (!from.is_object()) return wrong_type(path, "an object");
    Result<void> verdict = success();
    for_each_member<T>([&](std::string const& name, auto pointer) {
      if (!verdict) return;
      auto const* member = from.get_object().if_contains(name);
      if (member == nullptr || member->is_null()) return;
      verdict = read(*member, scalars, name, into.*pointer);
    });
    return verdict;
  }
  return success();
}

json::value time_value(Time time);

// A long text as its digest: enough to tell whether it is the one that somebody shows.
json::value fact_of(std::string_view text);

// Whole, as it travels; or as facts for a record: without secrets, and with long texts as their digests.
enum class Extent { whole, facts };

template <class T>
json::value write(T const& from, Extent extent) {
  if constexpr (std::is_same_v<T, Time>) {
    return time_value(from);
  } else if constexpr (std::is_same_v<T, Secret>) {
    return json::value(extent == Extent::facts ? "(secret)" : from.reveal());
  } else if constexpr (std::is_same_v<T, std::string>) {
    return extent == Extent::facts ? fact_of(from) : json::value(from);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return write(to_base64(from), extent);
  } else if constexpr (IsVector<T>::value) {
    json::array list;
    for (auto const& entry : from) list.push_back(write(entry, extent));
    return list;
  } else if constexpr (IsMap<T>::value) {
    json::object map;
    for (auto const& [key, entry] : from) map.emplace(key, write(entry, extent));
    return map;
  } else if constexpr (Shape<T>) {
    json::object object;
    for_each_member<T>([&](std::string const& name, auto pointer) {
      auto const& member = from.*pointer;
      if constexpr (IsOptional<std::remove_cvref_t<decltype(member)>>::value) {
        if (member) object.emplace(name, write(*member, extent));
      } else {
        object.emplace(name, write(member, extent));
      }
    });
    return object;
  } else {
    return json::value(from);
  }
}

}  // namespace detail

template <Shape T>
Result<T> from_json(json::value const& value, Scalars scalars = Scalars::typed) {
  T shape{};
  CHECK(detail::read(value, scalars, "the request", shape));
  return shape;
}

template <Shape T>
Result<T> from_json_text(std::string_view text) {
  TRY(auto value, parse_json(text));
  return from_json<T>(value);
}

template <Shape T>
json::value to_json(T const& shape) {
  return detail::write(shape, detail::Extent::whole);
}

// What of it belongs into a record of events.
template <Shape T>
json::object to_facts(T const& shape) {
  return detail::write(shape, detail::Extent::facts).as_object();
}

std::string to_text(json::value const& value);

template <Shape T>
std::string to_json_text(T const& shape) {
  return to_text(to_json(shape));
}

}  // namespace fumidai::wire
