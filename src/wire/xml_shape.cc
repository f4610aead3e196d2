#include "wire/xml_shape.h"

namespace fumidai::wire {

namespace {

// U+FFFE and U+FFFF, which parsers stop at.
bool is_noncharacter(std::string_view text) {
  return text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf");
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  static constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  if (!is_utf8(text)) {
    std::string ascii;
    for (char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) {
        ascii += c;
      } else {
        ascii += kReplacement;
      }
    }
    return xml_escaped(ascii);
  }
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\r': result += "&#xD;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
          result += kReplacement;
        } else if (c == '\xef' && is_noncharacter(text.substr(i))) {
          result += kReplacement;
          i += 2;
        } else {
          result += c;
        }
    }
  }
  return result;
}

void append_element(std::string& xml, std::string_view name, std::string_view text) {
  xml += '<';
  xml += name;
  xml += '>';
  xml += xml_escaped(text);
  xml += "</";
  xml += name;
  xml += '>';
}

std::string xml_element(std::string_view xml, std::string_view name) {
  auto open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  auto begin = xml.find(open);
  if (begin == xml.npos) return {};
  begin += open.size();
  auto end = xml.find(close, begin);
  if (end == xml.npos) return {};
  std::string text;
  static constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
      {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}};
  for (auto rest = xml.substr(begin, end - begin); !rest.empty();) {
    std::size_t used = 0;
    for (auto const& [entity, character] : kEntities) {
      if (rest.starts_with(entity)) {
        text += character;
        used = entity.size();
      }
    }
    if (used == 0) {
      text += rest.front();
      used = 1;
    }
    rest.remove_prefix(used);
  }
  return text;
}

}  // namespace fumidai::wire
