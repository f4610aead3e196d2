// Key pairs: CreateKeyPair, ImportKeyPair, DescribeKeyPairs, DeleteKeyPair.

#include <algorithm>

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "base/putty_key.h"
#include "networks/key_pairs.h"

namespace fumidai::api::ec2 {

namespace {

struct KeyPairDescription {
  std::string key_pair_id, key_type;
  std::vector<Tag> tag_set;
  std::optional<std::string> public_key;
  Time create_time{};
  std::string key_name, key_fingerprint;
  static constexpr auto kId = &KeyPairDescription::key_pair_id;
};
BOOST_DESCRIBE_STRUCT(KeyPairDescription, (),
                      (key_pair_id, key_type, tag_set, public_key, create_time, key_name, key_fingerprint))

std::vector<FilterKey<KeyPairDescription>> filter_keys(KeyPairDescription const*) {
  return {{"key-pair-id", [](auto const& pair) { return Texts{pair.key_pair_id}; }},
          {"key-name", [](auto const& pair) { return Texts{pair.key_name}; }},
          {"fingerprint", [](auto const& pair) { return Texts{pair.key_fingerprint}; }}};
}

struct CreateKeyPairRequest {
  std::string key_name;
  std::optional<std::string> key_type, key_format;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"key_name", 1, 255, wire::required}};

  // Not of the wire: made before the change, which other changes wait for.
  std::optional<SshKeyPair> pair;
  void prepare();
};
BOOST_DESCRIBE_STRUCT(CreateKeyPairRequest, (), (key_name, key_type, key_format, tag_specification))

struct CreateKeyPairResponse {
  std::string key_name, key_fingerprint;
  Secret key_material;  // in this answer and nowhere else
  std::string key_pair_id;
  std::vector<Tag> tag_set;
};
BOOST_DESCRIBE_STRUCT(CreateKeyPairResponse, (),
                      (key_name, key_fingerprint, key_material, key_pair_id, tag_set))

struct ImportKeyPairRequest {
  std::string key_name;
  Bytes public_key_material;  // the text of a .pub file
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"key_name", 1, 255, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ImportKeyPairRequest, (), (key_name, public_key_material, tag_specification))

struct ImportKeyPairResponse {
  std::string key_name, key_fingerprint, key_pair_id;
  std::vector<Tag> tag_set;
};
BOOST_DESCRIBE_STRUCT(ImportKeyPairResponse, (), (key_name, key_fingerprint, key_pair_id, tag_set))

struct DescribeKeyPairsRequest {
  std::vector<std::string> key_name, key_pair_id;
  bool include_public_key = false;
  std::vector<Filter> filter;
};
BOOST_DESCRIBE_STRUCT(DescribeKeyPairsRequest, (), (key_name, key_pair_id, include_public_key, filter))

struct DescribeKeyPairsResponse {
  std::vector<KeyPairDescription> key_set;
};
BOOST_DESCRIBE_STRUCT(DescribeKeyPairsResponse, (), (key_set))

struct DeleteKeyPairRequest {
  std::string key_name, key_pair_id;
};
BOOST_DESCRIBE_STRUCT(DeleteKeyPairRequest, (), (key_name, key_pair_id))

struct DeleteKeyPairResponse {
  bool return_ = true;
  std::optional<std::string> key_pair_id;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(DeleteKeyPairResponse, (), (return_, key_pair_id))

// ARNs of key pairs end in their names.
template <class Request>
Result<void> new_key_pair(store::Transaction&, Call const& call, Request const& request, sessions::Ask& ask) {
  tell_new(call, networks::kKeyPair, request.tag_specification, ask);
  ask.resources = {arn_of(call, networks::kKeyPair, request.key_name)};
  return success();
}

Result<void> this_key_pair(store::Transaction& transaction, Call const& call,
                           DeleteKeyPairRequest const& request, sessions::Ask& ask) {
  TRY(auto state, call.plane.networks.read(transaction));
  auto const* pair = state->key_pairs.find(networks::KeyPairId(request.key_pair_id));
  auto name = request.key_name.empty() && pair ? pair->name : request.key_name;
  ask.resources = {arn_of(call, networks::kKeyPair, name)};
  return success();
}

Result<SshKeyType> type_of(CreateKeyPairRequest const& request) {
  if (request.key_format && *request.key_format != "pem" && *request.key_format != "ppk")
    return networks::invalid_parameter("Value (" + escaped(*request.key_format, 64) +
                                       ") for parameter KeyFormat is invalid. It is pem or ppk.");
  if (!request.key_type || *request.key_type == "rsa") return SshKeyType::rsa;
  if (*request.key_type == "ed25519") return SshKeyType::ed25519;
  return networks::invalid_parameter("Value (" + escaped(*request.key_type, 64) +
                                     ") for parameter KeyType is invalid. It is rsa or ed25519.");
}

void CreateKeyPairRequest::prepare() {
  if (auto type = type_of(*this)) pair = generate_ssh_key(*type);
}

Result<CreateKeyPairResponse> create_key_pair(State& state, Call const& call,
                                              CreateKeyPairRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kKeyPair));
  CHECK(type_of(request));
  if (!request.pair)  // it became allowed just now
    return Error{Errc::unavailable, "The key was not made in time. Please try again."};
  auto const& pair = *request.pair;
  TRY(auto id, networks::add_key_pair(state, request.key_name, pair.public_key, call.caller.at));
  CHECK(networks::put_tags(state, id.text(), tags));
  auto material = request.key_format == "ppk" ? putty_file(pair, request.key_name) : pair.private_key;
  return CreateKeyPairResponse{request.key_name, pair.public_key.fingerprint, std::move(material), id.text(),
                               tags_of(state, id.text())};
}

Result<ImportKeyPairResponse> import_key_pair(State& state, Call const& call,
                                              ImportKeyPairRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kKeyPair));
  TRY(auto key, networks::read_public_key(as_text(request.public_key_material)));
  TRY(auto id, networks::add_key_pair(state, request.key_name, key, call.caller.at));
  CHECK(networks::put_tags(state, id.text(), tags));
  return ImportKeyPairResponse{request.key_name, key.fingerprint, id.text(), tags_of(state, id.text())};
}

KeyPairDescription describe(State const& state, networks::KeyPair const& pair, bool with_key) {
  KeyPairDescription description;
  description.key_pair_id = pair.id.text();
  description.key_type = pair.type;
  description.tag_set = tags_of(state, pair.id.text());
  if (with_key) description.public_key = pair.public_key;
  description.create_time = pair.created_at;
  description.key_name = pair.name;
  description.key_fingerprint = pair.fingerprint;
  return description;
}

// Without pages: all of them.
Result<DescribeKeyPairsResponse> describe_key_pairs(State const& state, Call const&,
                                                    DescribeKeyPairsRequest const& request) {
  for (auto const& name : request.key_name) {
    if (!state.key_pair_named(name)) return networks::no_such_key_pair(name);
  }
  for (auto const& id : request.key_pair_id) CHECK(networks::find(state.key_pairs, id));
  bool all = request.key_name.empty() && request.key_pair_id.empty();
  std::vector<KeyPairDescription> pairs;
  for (auto const& pair : state.key_pairs) {
    if (all || std::ranges::count(request.key_name, pair.name) > 0 ||
        std::ranges::count(request.key_pair_id, pair.id.text()) > 0)
      pairs.push_back(describe(state, pair, request.include_public_key));
  }
  std::ranges::sort(pairs, {}, &KeyPairDescription::key_name);
  TRY(auto kept, filtered(std::move(pairs), request.filter));
  return DescribeKeyPairsResponse{std::move(kept)};
}

Result<DeleteKeyPairResponse> delete_key_pair(State& state, Call const&,
                                              DeleteKeyPairRequest const& request) {
  TRY(auto gone, networks::delete_key_pair(state, request.key_name, request.key_pair_id));
  DeleteKeyPairResponse response;
  if (gone) response.key_pair_id = gone->text();
  return response;
}

}  // namespace

std::vector<Action> key_pair_actions() {
  return {
      changes(kEc2, "CreateKeyPair", on_state<create_key_pair>, new_key_pair<CreateKeyPairRequest>),
      changes(kEc2, "ImportKeyPair", on_state<import_key_pair>, new_key_pair<ImportKeyPairRequest>),
      looks(kEc2, "DescribeKeyPairs", on_state<describe_key_pairs>),
      changes(kEc2, "DeleteKeyPair", on_state<delete_key_pair>, this_key_pair),
  };
}

}  // namespace fumidai::api::ec2
