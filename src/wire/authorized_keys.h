#pragma once

// SSH keys that are pushed to an instance for a minute, as text: the key itself as a caller sends it, the
// file of signed records that the metadata service gives out (ec2-instance-connect.md 2.4, after the scripts
// of EC2 Instance Connect that read it), and what our agent says of them on its local socket. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/ssh_key.h"

namespace fumidai::wire {

// The lengths of a key that is sent, before anything is stripped (ec2-instance-connect.md 1.2). The CLI's own
// has 80.
inline constexpr std::size_t kLeastPushedKey = 80, kMostPushedKey = 4096;

// A key as SendSSHPublicKey accepts it: ssh-rsa of 2048 or 4096 bits, or ssh-ed25519; one line, no options,
// no certificate; blanks at its end and its comment are dropped. Error: invalid, with what is accepted.
Result<SshPublicKey> check_pushed_key(std::string_view text);

// A name as SendSSHPublicKey accepts it: never one with a slash, a blank or a line end.
bool is_os_user(std::string_view name);

// One key in the file of active keys.
struct ActiveKey {
  Time expires{};  // whole seconds count: usable while they are more than the reader's clock
  InstanceId instance;
  std::string caller;   // who pushed it: an ARN
  std::string request;  // id of the call
  std::string key;      // "ssh-ed25519 AAAA…"

  // What is signed: each line with its end. No member may have a line end in it.
  std::string signed_text() const;
};

// Its record in the file. The signature is RSA-PSS with SHA-256 and a salt of 32 bytes over signed_text().
std::string write_active_key(ActiveKey const& key, ByteView signature);

struct SignedKey {
  ActiveKey key;
  std::string signed_text;  // as it stood in the file, lines of other names included
  Bytes signature;
};

inline constexpr std::size_t kMostActiveKeysText = 1024 * 1024, kMostActiveKeys = 1000;

// The records of a file, as the scripts read them: what is no record, or has no time, instance or signature,
// is skipped. Error: too_large.
Result<std::vector<SignedKey>> parse_active_keys(std::string_view text);

// Whether a record says that its key is for this instance, now, and is the one that sshd was offered (its
// "SHA256:…"; empty for any). The signature is another question.
bool is_usable(ActiveKey const& key, InstanceId const& instance, std::string_view fingerprint, Time now);

// ---- the agent's local socket: one line with the user's name, answered by "ok" and a line for each key, or
// by "no" and a sentence.

std::string write_keys_answer(Result<std::vector<std::string>> const& keys);
// Errors: malformed; unavailable, with the agent's sentence.
Result<std::vector<std::string>> parse_keys_answer(std::string_view text);

}  // namespace fumidai::wire
