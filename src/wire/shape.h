#pragma once

// A shape is a struct whose members BOOST_DESCRIBE_STRUCT names. One description serves AWS JSON 1.1, the
// Query protocol and XML: the member `instance_id` travels as "InstanceId".
//
//   struct StartSessionRequest {
//     std::string target;
//     std::optional<std::string> reason;
//     static constexpr wire::Limit kLimits[] = {{"target", 1, 400, wire::required}, {"reason", 1, 256}};
//   };
//   BOOST_DESCRIBE_STRUCT(StartSessionRequest, (), (target, reason))
//
// Where AWS spells a name otherwise: static constexpr wire::Rename kNames[] = {{"ip_address", "IPAddress"}};
//
// Members are std::string, bool, std::int64_t, double, Time, Secret, Bytes (base64), boost::json::object (as
// it is), shapes, and std::optional, std::vector and std::map<std::string, …> of these. An absent member
// keeps its default.

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/protocol.h"

namespace fumidai::wire {

struct Rename {
  std::string_view member, wire_name;
};

inline constexpr bool required = true;

// What the service checks, since clients check only required members, types and minima. Lengths count
// characters of a string, entries of a list or map, and are the value itself for numbers.
struct Limit {
  std::string_view member;
  std::int64_t least = 0, most = 0;
  bool is_required = false;
};

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
concept Shape = boost::describe::has_describe_members<T>::value;

std::string pascal_case(std::string_view member);  // instance_id -> InstanceId
std::string camel_case(std::string_view name);     // InstanceId -> instanceId

template <Shape T>
std::string wire_name(std::string_view member) {
  if constexpr (requires { T::kNames; }) {
    for (auto const& rename : T::kNames) {
      if (rename.member == member) return std::string(rename.wire_name);
    }
  }
  return pascal_case(member);
}

// Computed once a type, in the order of the members.
template <Shape T>
std::vector<std::string> const& wire_names() {
  static auto const names = [] {
    std::vector<std::string> result;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { result.push_back(wire_name<T>(member.name)); });
    return result;
  }();
  return names;
}

// Calls visit(wire name, pointer to member) for each member, in order.
template <Shape T, class Visitor>
void for_each_member(Visitor&& visit) {
  auto name = wire_names<T>().begin();
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { visit(*name++, member.pointer); });
}

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

// Characters (not bytes) of UTF-8 text, as AWS counts.
std::size_t character_count(std::string_view text);

// The sentence of AWS for one failed constraint.
Error constraint_error(std::string_view wire_name, std::string_view constraint, std::string_view value,
                       Protocol protocol = Protocol::json);
Error missing_member_error(std::string_view wire_name, Protocol protocol = Protocol::json);

// Checks kLimits of a shape and of the shapes in it. Error: invalid, with ValidationException as AWS's name,
// or with EC2's MissingParameter and InvalidParameterValue.
template <Shape T>
Result<void> validate(T const& value, Protocol protocol = Protocol::json);

namespace detail {

template <class M>
Result<void> validate_nested(M const& member, Protocol protocol) {
  if constexpr (IsOptional<M>::value) {
    if (member) return validate_nested(*member, protocol);
  } else if constexpr (IsVector<M>::value) {
    for (auto const& entry : member) CHECK(validate_nested(entry, protocol));
  } else if constexpr (Shape<M>) {
    return validate(member, protocol);
  }
  return success();
}

template <class M>
Result<void> check_limit(M const& member, Limit const& limit, std::string const& name, Protocol protocol) {
  if constexpr (IsOptional<M>::value) {
    if (!member) return limit.is_required ? Result<void>(missing_member_error(name, protocol)) : success();
    return check_limit(*member, limit, name, protocol);
  } else if constexpr (std::is_same_v<M, std::string>) {
    auto length = static_cast<std::int64_t>(character_count(member));
    if (length == 0 && limit.is_required) return missing_member_error(name, protocol);
    if (length == 0 && limit.least <= 1) return success();
    if (length < limit.least)
      return constraint_error(name, "length greater than or equal to " + std::to_string(limit.least), member,
                              protocol);
    if (length > limit.most)
      return constraint_error(name, "length less than or equal to " + std::to_string(limit.most), member,
                              protocol);
  } else if constexpr (std::is_integral_v<M>) {
    if (member < limit.least)
      return constraint_error(name, "value greater than or equal to " + std::to_string(limit.least),
                              std::to_string(member), protocol);
    if (member > limit.most)
      return constraint_error(name, "value less than or equal to " + std::to_string(limit.most),
                              std::to_string(member), protocol);
  } else if constexpr (IsVector<M>::value || IsMap<M>::value) {
    auto count = static_cast<std::int64_t>(member.size());
    if (count == 0 && limit.is_required) return missing_member_error(name, protocol);
    if (count > limit.most)
      return constraint_error(name, "length less than or equal to " + std::to_string(limit.most),
                              std::to_string(count) + " entries", protocol);
  }
  return success();
}

}  // namespace detail

template <Shape T>
Result<void> validate(T const& value, Protocol protocol) {
  Result<void> verdict = success();
  if constexpr (requires { T::kLimits; }) {
    for (auto const& limit : T::kLimits) {
      boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
        if (verdict && limit.member == member.name)
          verdict = detail::check_limit(value.*member.pointer, limit, wire_name<T>(member.name), protocol);
      });
      if (!verdict) return verdict;
    }
  }
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    if (verdict) verdict = detail::validate_nested(value.*member.pointer, protocol);
  });
  return verdict;
}

}  // namespace fumidai::wire
