#pragma once

// Shapes to XML: an empty list is an empty element, an absent optional is left out.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/secret.h"
#include "wire/json_shape.h"
#include "wire/shape.h"

namespace fumidai::wire {

// Text safe between tags; characters that XML 1.0 cannot carry become U+FFFD.
std::string xml_escaped(std::string_view text);
void append_element(std::string& xml, std::string_view name, std::string_view text);

// As IAM and STS answer (aws-requests.md 4): wire names, list entries are <member>. As EC2 does (3.5): names
// begin with a small letter, list entries are <item>, times have milliseconds.
enum class XmlStyle { query, ec2 };

namespace detail {

template <class T>
void write_xml(std::string& xml, XmlStyle style, std::string_view name, T const& from);

template <Shape T>
void write_xml_members(std::string& xml, XmlStyle style, T const& from) {
  for_each_member<T>([&](std::string const& name, auto pointer) {
    write_xml(xml, style, style == XmlStyle::ec2 ? camel_case(name) : name, from.*pointer);
  });
}

template <class T>
void write_xml(std::string& xml, XmlStyle style, std::string_view name, T const& from) {
  if constexpr (IsOptional<T>::value) {
    if (from) write_xml(xml, style, name, *from);
  } else if constexpr (std::is_same_v<T, std::string>) {
    append_element(xml, name, from);
  } else if constexpr (std::is_same_v<T, Secret>) {
    append_element(xml, name, from.reveal());
  } else if constexpr (std::is_same_v<T, bool>) {
    append_element(xml, name, from ? "true" : "false");
  } else if constexpr (std::is_arithmetic_v<T>) {
    append_element(xml, name, std::to_string(from));
  } else if constexpr (std::is_same_v<T, Time>) {
    append_element(xml, name, style == XmlStyle::ec2 ? to_iso(from) : to_iso_seconds(from));
  } else if constexpr (std::is_same_v<T, Bytes>) {
    append_element(xml, name, to_base64(from));
  } else if constexpr (std::is_same_v<T, json::object> || std::is_same_v<T, json::value>) {
    append_element(xml, name, to_text(from));  // nothing of AWS's has this
  } else {
    xml += "<" + std::string(name) + ">";
    if constexpr (IsVector<T>::value) {
      for (auto const& entry : from) write_xml(xml, style, style == XmlStyle::ec2 ? "item" : "member", entry);
    } else if constexpr (IsMap<T>::value) {
      for (auto const& [key, value] : from) {
        xml += "<entry>";
        write_xml(xml, style, "key", key);
        write_xml(xml, style, "value", value);
        xml += "</entry>";
      }
    } else {
      write_xml_members(xml, style, from);
    }
    xml += "</" + std::string(name) + ">";
  }
}

}  // namespace detail

template <Shape T>
std::string to_xml_members(T const& shape, XmlStyle style = XmlStyle::query) {
  std::string xml;
  detail::write_xml_members(xml, style, shape);
  return xml;
}

// The text of the first element of that name, unescaped; empty when there is none. For the few flat documents
// that an agent reads (CreateControlChannel); not a general reader.
std::string xml_element(std::string_view xml, std::string_view name);

}  // namespace fumidai::wire
