// The body of a call, from a stranger, as a Query form and as JSON: reading it must not crash; what was read
// is JSON that reads as the same, and XML whose elements close. A form is read as IAM's and as EC2's requests
// are shaped.

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

// As EC2's requests nest: Filter.1.Value.2, IpPermissions.1.IpRanges.1.CidrIp, TagSpecification.1.Tag.1.Key.
struct Ec2Filter {
  std::string name;
  std::vector<std::string> value;
};
BOOST_DESCRIBE_STRUCT(Ec2Filter, (), (name, value))

struct Tag {
  std::string key, value;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

struct TagSpecification {
  std::string resource_type;
  std::vector<Tag> tag;
};
BOOST_DESCRIBE_STRUCT(TagSpecification, (), (resource_type, tag))

struct Range {
  std::optional<std::string> cidr_ip, description;
};
BOOST_DESCRIBE_STRUCT(Range, (), (cidr_ip, description))

struct Permission {
  std::string ip_protocol;
  std::optional<std::int64_t> from_port, to_port;
  std::vector<Range> ip_ranges;
  static constexpr Limit kLimits[] = {{"ip_ranges", 0, 60}};
};
BOOST_DESCRIBE_STRUCT(Permission, (), (ip_protocol, from_port, to_port, ip_ranges))

struct Attribute {
  std::optional<bool> value;
};
BOOST_DESCRIBE_STRUCT(Attribute, (), (value))

struct Ec2Call {
  std::vector<std::string> group_id;
  std::vector<Ec2Filter> filter;
  std::vector<Permission> ip_permissions;
  std::vector<TagSpecification> tag_specification;
  Attribute source_dest_check;
  Secret user_data;
  std::optional<std::int64_t> max_results;
  std::optional<bool> dry_run;
  static constexpr Limit kLimits[] = {{"group_id", 0, 16}, {"max_results", 5, 1000}};
};
BOOST_DESCRIBE_STRUCT(Ec2Call, (),
                      (group_id, filter, ip_permissions, tag_specification, source_dest_check, user_data,
                       max_results, dry_run))

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

template <class Request>
void check_refusal(Result<Request> const& call) {
  require(!call.error().aws.empty() && !call.error().detail.empty());
}

void check(Result<Call> const& call) {
  if (!call) return check_refusal(call);
  if (auto verdict = validate(*call); !verdict) require(verdict.error().aws == "ValidationException");
  auto text = to_json_text(*call);
  auto again = from_json_text<Call>(text);
  require(again && to_json_text(*again) == text);
  auto xml = to_xml_members(*call);
  require(is_utf8(xml) && is_balanced(xml));
  require(xml_element(xml, "InstanceId").size() <= xml.size());
}

// A field makes at most two entries, whatever numbers it gives them.
void check_ec2(Result<Ec2Call> const& call, std::size_t fields) {
  if (!call) return check_refusal(call);
  if (auto verdict = validate(*call, Protocol::ec2); !verdict) require(!verdict.error().aws.empty());
  auto entries = call->group_id.size() + call->filter.size() + call->ip_permissions.size();
  for (auto const& filter : call->filter) entries += filter.value.size();
  for (auto const& permission : call->ip_permissions) entries += permission.ip_ranges.size();
  for (auto const& specification : call->tag_specification) entries += specification.tag.size();
  require(entries <= 2 * fields);
  auto text = to_json_text(*call);
  auto again = from_json_text<Ec2Call>(text);
  require(again && to_json_text(*again) == text);
  auto xml = to_xml_members(*call, XmlStyle::ec2);
  require(is_utf8(xml) && is_balanced(xml));
  to_facts(*call);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto text = as_text({data, size});
  if (auto pairs = parse_query(text, Plus::is_blank)) {
    check(from_query<Call>(*pairs));
    check_ec2(from_query<Ec2Call>(*pairs), pairs->size());
  }
  check(from_json_text<Call>(text));
  return 0;
}
