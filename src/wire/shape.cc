#include "wire/shape.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::wire {

std::string pascal_case(std::string_view member) {
  std::string name;
  bool starts_word = true;
  for (char c : member) {
    if (c == '_') {
      starts_word = true;
      continue;
    }
    name += starts_word && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    starts_word = false;
  }
  return name;
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string camel_case(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Error constraint_error(std::string_view name, std::string_view constraint, std::string_view value,
                       Protocol protocol) {
  if (protocol == Protocol::ec2) {
    return {Errc::invalid,
            "Value (" + escaped(value, 64) + ") for parameter " + camel_case(name) +
                " is invalid. Expecting a " + std::string(constraint) + ".",
            "InvalidParameterValue"};
  }
  return {Errc::invalid,
          "1 validation error detected: Value '" + escaped(value, 64) + "' at '" + camel_case(name) +
              "' failed to satisfy constraint: Member must have " + std::string(constraint),
          "ValidationException"};
}

Error missing_member_error(std::string_view name, Protocol protocol) {
  if (protocol == Protocol::ec2)
    return {Errc::invalid, "The request must contain the parameter " + std::string(name), "MissingParameter"};
  return {Errc::invalid,
          "1 validation error detected: Value null at '" + camel_case(name) +
              "' failed to satisfy constraint: Member must not be null",
          "ValidationException"};
}

}  // namespace fumidai::wire
