// The body of a call, from a stranger, as a Query form and as JSON: reading it must not crash; what was read
// is JSON that reads as the same, and XML whose elements close.

#include <string>

#include "input.h"
#include "wire/query_shape.h"
#include "wire/xml_shape.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;

struct Filter {
  std::string key;
  std::vector<std::string> values;
  static constexpr Limit kLimits[] = {{"key", 1, 8, required}, {"values", 0, 3}};
};
BOOST_DESCRIBE_STRUCT(Filter, (), (key, values))

struct Group {
  std::optional<std::string> name;
  std::vector<Filter> filters;
  Bytes blob;
};
BOOST_DESCRIBE_STRUCT(Group, (), (name, filters, blob))

struct Call {
  std::string instance_id;
  std::optional<std::int64_t> max_results;
  std::optional<Time> created_at;
  bool enabled = false;
  Secret token;
  std::vector<Group> groups;
  std::map<std::string, std::vector<std::string>> parameters;
  std::string address;
  static constexpr Rename kNames[] = {{"address", "IPAddress"}};
  static constexpr Limit kLimits[] = {{"instance_id", 1, 20, required}, {"max_results", 5, 50}};
};
BOOST_DESCRIBE_STRUCT(Call, (),
                      (instance_id, max_results, created_at, enabled, token, groups, parameters, address))

// Only elements and text, no attributes: each tag closes the one that was opened last.
bool is_balanced(std::string_view xml) {
  std::vector<std::string_view> open;
  while (!xml.empty()) {
    auto begin = xml.find('<');
    if (xml.substr(0, begin).find('>') != xml.npos) return false;
    if (begin == xml.npos) break;
    auto end = xml.find('>', begin);
    if (end == xml.npos) return false;
    auto name = xml.substr(begin + 1, end - begin - 1);
    xml.remove_prefix(end + 1);
    if (!name.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name.substr(1)) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty();
}

void check(Result<Call> const& call) {
  if (!call) {
    require(!call.error().aws.empty() && !call.error().detail.empty());
    return;
  }
  if (auto verdict = validate(*call); !verdict) require(verdict.error().aws == "ValidationException");
  auto text = to_json_text(*call);
  auto again = from_json_text<Call>(text);
  require(again && to_json_text(*again) == text);
  auto xml = to_xml_members(*call);
  require(is_utf8(xml) && is_balanced(xml));
  require(xml_element(xml, "InstanceId").size() <= xml.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto text = as_text({data, size});
  if (auto pairs = parse_query(text, Plus::is_blank)) check(from_query<Call>(*pairs));
  check(from_json_text<Call>(text));
  return 0;
}
