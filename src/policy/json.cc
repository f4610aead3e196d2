#include "policy/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace fumidai::policy {

namespace json = boost::json;

namespace {

// Listens to the parser's events and remembers the names in each open object.
struct NameListener {
  using Code = json::error_code;
  using View = json::string_view;

  static constexpr std::size_t max_object_size = -1, max_array_size = -1, max_key_size = -1,
                               max_string_size = -1;

  std::vector<std::set<std::string>> open_objects;
  std::string name, repeated;

  bool on_object_begin(Code&) {
    open_objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    open_objects.pop_back();
    return true;
  }
  bool on_key_part(View part, std::size_t, Code&) {
    name += std::string_view(part);
    return true;
  }
  bool on_key(View last_part, std::size_t, Code& failure) {
    name += std::string_view(last_part);
    if (!open_objects.back().insert(name).second) {
      repeated = name;
      failure = json::error::syntax;
      return false;
    }
    name.clear();
    return true;
  }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_string_part(View, std::size_t, Code&) { return true; }
  bool on_string(View, std::size_t, Code&) { return true; }
  bool on_number_part(View, Code&) { return true; }
  bool on_int64(std::int64_t, View, Code&) { return true; }
  bool on_uint64(std::uint64_t, View, Code&) { return true; }
  bool on_double(double, View, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }
};

}  // namespace

Result<json::value> parse_strict_json(std::string_view text, std::size_t max_depth) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::error_code failure;
  auto value = json::parse(text, failure, {}, options);
  if (failure) return Error{Errc::malformed, failure.message()};

  json::basic_parser<NameListener> parser(options);
  parser.write_some(false, text.data(), text.size(), failure);
  if (failure) {
    return Error{Errc::invalid,
                 "'" + escaped(parser.handler().repeated, 80) + "' appears twice in one object"};
  }
  return value;
}

}  // namespace fumidai::policy
