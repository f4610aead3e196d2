#pragma once

// Values as they lie in the store: JSON by the names of their members. A member that a record lacks keeps its
// default, so that a value may get one more without a migration; one must never be renamed.

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/cidr.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace fumidai::networks {

namespace json = boost::json;

namespace record {

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

inline Error broken(std::string_view what) {
  return {Errc::corrupt, "a stored part of a network is broken: " + std::string(what)};
}

template <class T>
json::value write(T const& from);

template <class T>
json::object write_members(T const& from) {
  json::object object;
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) { object.emplace(member.name, write(from.*member.pointer)); });
  return object;
}

template <class T>
json::value write(T const& from) {
  if constexpr (IsId<T>::value) {
    return json::value(from.text());
  } else if constexpr (std::is_same_v<T, Address> || std::is_same_v<T, Cidr>) {
    return json::value(from.text());
  } else if constexpr (std::is_same_v<T, Time>) {
    return json::value(to_millis(from));
  } else if constexpr (std::is_enum_v<T>) {
    return json::value(static_cast<std::int64_t>(from));
  } else if constexpr (IsOptional<T>::value) {
    return from ? write(*from) : json::value(nullptr);
  } else if constexpr (IsVector<T>::value) {
    json::array list;
    for (auto const& entry : from) list.push_back(write(entry));
    return list;
  } else if constexpr (IsMap<T>::value) {
    json::object map;
    for (auto const& [key, entry] : from) map.emplace(key, write(entry));
    return map;
  } else if constexpr (IsVariant<T>::value) {
    auto held = std::visit([](auto const& value) { return write(value); }, from);
    return json::array{static_cast<std::int64_t>(from.index()), std::move(held)};
  } else if constexpr (std::is_empty_v<T>) {
    return json::value(nullptr);
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    return write_members(from);
  } else {
    return json::value(from);
  }
}

template <class T>
Result<void> read(json::value const& from, T& into);

template <class T>
Result<void> read_members(json::value const& from, T& into) {
  if (!from.is_object()) return broken("not an object");
  Result<void> verdict = success();
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto member) {
        auto const* value = from.get_object().if_contains(member.name);
        if (verdict && value != nullptr) verdict = read(*value, into.*member.pointer);
      });
  return verdict;
}

template <class... T>
Result<void> read_variant(json::value const& from, std::variant<T...>& into) {
  if (!from.is_array() || from.get_array().size() != 2 || !from.get_array()[0].is_int64())
    return broken("not a variant");
  auto index = static_cast<std::size_t>(from.get_array()[0].get_int64());
  if (index >= sizeof...(T)) return broken("no such variant");
  return boost::mp11::mp_with_index<sizeof...(T)>(
      index, [&](auto at) { return read(from.get_array()[1], into.template emplace<at>()); });
}

// Text of a type that parses.
template <class T>
Result<void> read_parsed(json::value const& from, T& into) {
  auto parsed = from.is_string() ? T::parse(std::string_view(from.get_string())) : std::nullopt;
  if (!parsed) return broken("not an address");
  into = *parsed;
  return success();
}

template <class T>
Result<void> read(json::value const& from, T& into) {
  if constexpr (IsOptional<T>::value) {
    if (from.is_null()) return success();
    return read(from, into.emplace());
  } else if constexpr (IsVariant<T>::value) {
    return read_variant(from, into);
  } else if constexpr (std::is_same_v<T, Address> || std::is_same_v<T, Cidr>) {
    return read_parsed(from, into);
  } else if constexpr (IsVector<T>::value) {
    if (!from.is_array()) return broken("not a list");
    for (auto const& entry : from.get_array()) CHECK(read(entry, into.emplace_back()));
    return success();
  } else if constexpr (IsMap<T>::value) {
    if (!from.is_object()) return broken("not a map");
    for (auto const& [key, entry] : from.get_object()) CHECK(read(entry, into[std::string(key)]));
    return success();
  } else if constexpr (std::is_same_v<T, std::string> || IsId<T>::value) {
    if (!from.is_string()) return broken("not text");
    into = T(std::string(from.get_string()));
    return success();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!from.is_bool()) return broken("not a truth");
    into = from.get_bool();
    return success();
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, Time>) {
    if (!from.is_int64()) return broken("not a number");
    if constexpr (std::is_same_v<T, Time>) {
      into = from_millis(from.get_int64());
    } else {
      into = static_cast<T>(from.get_int64());
    }
    return success();
  } else if constexpr (std::is_empty_v<T>) {
    return success();
  } else {
    return read_members(from, into);
  }
}

}  // namespace record

template <class T>
json::value to_record(T const& value) {
  return record::write(value);
}

// Error: corrupt.
template <class T>
Result<T> from_record(json::value const& value) {
  T result{};
  CHECK(record::read(value, result));
  return result;
}

}  // namespace fumidai::networks
