#include "networks/key_pairs.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

constexpr std::size_t kMostName = 255, kMostKeyPairs = 5000;

// A name becomes the comment in authorized_keys.
Result<void> check_key_name(std::string const& name) {
  bool is_printable = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
  if (!name.empty() && name.size() <= kMostName && is_printable && name.front() != ' ' && name.back() != ' ')
    return success();
  return invalid_parameter("Value (" + escaped(name, 64) +
                           ") for parameter KeyName is invalid. A name has 1 to 255 ASCII characters, and no "
                           "space at its ends.");
}

}  // namespace

Result<KeyPairId> add_key_pair(State& state, std::string const& name, SshPublicKey const& key, Time now) {
  CHECK(check_key_name(name));
  if (state.key_pair_named(name))
    return Error{Errc::conflict, "The keypair already exists", "InvalidKeyPair.Duplicate"};
  if (state.key_pairs.size() >= kMostKeyPairs)
    return Error{Errc::limit_exceeded, "The maximum number of key pairs has been reached.",
                 "KeyPairLimitExceeded"};
  KeyPairId id(new_id(kKeyPair));
  state.key_pairs.put({id, name, std::string(to_string(key.type)), key.fingerprint, line_of(key, name), now});
  return id;
}

std::string line_of(SshPublicKey const& key, std::string const& name) {
  return key.line + " " + name;
}

Result<SshPublicKey> read_public_key(std::string_view text) {
  auto key = parse_ssh_public_key(text);
  if (key) return key;
  return Error{Errc::invalid, "Key is not in valid OpenSSH public key format: " + key.error().detail,
               "InvalidKey.Format"};
}

Result<std::optional<KeyPairId>> delete_key_pair(State& state, std::string const& name,
                                                 std::string const& id) {
  if (name.empty() && id.empty())
    return Error{Errc::invalid, "The request must contain the parameter KeyName or KeyPairId",
                 "MissingParameter"};
  auto const* pair = name.empty() ? state.key_pairs.find(KeyPairId(id)) : state.key_pair_named(name);
  if (!pair || (!id.empty() && pair->id.text() != id)) return std::optional<KeyPairId>();
  auto gone = pair->id;
  state.key_pairs.erase(gone);
  drop_tags(state, gone.text());
  return std::optional(gone);
}

Error no_such_key_pair(std::string_view name) {
  return {Errc::not_found, "The key pair '" + escaped(name, 255) + "' does not exist",
          "InvalidKeyPair.NotFound"};
}

}  // namespace fumidai::networks
