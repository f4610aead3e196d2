#include "api/ec2/ec2.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"

namespace fumidai::api::ec2 {

Result<networks::Tags> tags_for(std::vector<TagSpecification> const& specifications,
                                networks::Kind const& kind) {
  networks::Tags tags;
  for (auto const& specification : specifications) {
    if (specification.resource_type != kind.type)
      return networks::invalid_parameter("'" + escaped(specification.resource_type, 64) +
                                         "' is not a valid taggable resource type for this operation.");
    for (auto const& [key, value] : specification.tag) tags[key] = value;
  }
  return tags;
}

std::vector<Tag> tags_of(State const& state, std::string const& id) {
  std::vector<Tag> tags;
  for (auto const& [key, value] : state.tags_of(id)) tags.push_back({key, value});
  return tags;
}

std::string arn_of(Call const& call, networks::Kind const& kind, std::string_view id) {
  auto const& region = call.plane.deployment.region;
  auto account = &kind == &networks::kImage ? std::string() : region.account;  // an image is Amazon's
  return "arn:aws:ec2:" + region.name + ":" + account + ":" + std::string(kind.type) + "/" + std::string(id);
}

std::string arn_of(Call const& call, std::string_view id) {
  auto const* kind = networks::kind_of(id);
  return kind ? arn_of(call, *kind, id) : "*";
}

void tell_named(Call const& call, std::string const& id, sessions::Ask& ask) {
  if (!id.empty()) ask.resources.push_back(arn_of(call, id));
}

void tell_new(Call const& call, networks::Kind const& kind,
              std::vector<TagSpecification> const& specifications, sessions::Ask& ask) {
  ask.resources = {arn_of(call, kind, "*")};
  tell_new_tags(call, kind, specifications, ask);
}

void tell_new_tags(Call const& call, networks::Kind const& kind,
                   std::vector<TagSpecification> const& specifications, sessions::Ask& ask) {
  if (specifications.empty()) return;
  sessions::Ask tags;
  tags.context["ec2:CreateAction"] = {call.addressed.operation};
  for (auto const& specification : specifications) {
    tell_tags(specification.tag, ask);
    tell_tags(specification.tag, tags);
  }
  ask.also.push_back({"ec2:CreateTags", arn_of(call, kind, "*"), std::move(tags.context)});
}

std::string digest_of(Call const& call) {
  auto fields = call.addressed.fields;
  std::erase_if(fields, [](auto const& field) { return field.name == "ClientToken"; });
  std::ranges::sort(fields, {}, [](auto const& field) { return std::pair(field.name, field.value); });
  std::string text;
  for (auto const& [name, value] : fields)
    text += wire::percent_encode(name) + "=" + wire::percent_encode(value) + "&";
  return to_hex(sha256(text));
}

Result<std::int64_t> page_size(std::optional<std::int64_t> const& max_results, bool has_ids,
                               PageRange range) {
  if (!max_results) return range.most;
  if (has_ids)
    return Error{Errc::invalid, "The parameter maxResults cannot be used with the parameter that names ids",
                 "InvalidParameterCombination"};
  auto refused = [&](std::string_view comparison, std::int64_t limit) {
    return networks::invalid_parameter("Value ( " + std::to_string(*max_results) +
                                       " ) for parameter maxResults is invalid. Expecting a value " +
                                       std::string(comparison) + " than " + std::to_string(limit) + ".");
  };
  if (*max_results < range.least) return refused("greater", range.least);
  if (*max_results > range.most) return refused("less", range.most);
  return *max_results;
}

}  // namespace fumidai::api::ec2
