#pragma once

// PuTTY's private key file, a .ppk, without a passphrase. Version 2 of the format: every PuTTY reads it, and
// version 3 takes PuTTY 0.75 (PuTTY's manual, appendix C). Pure; never fails but by running out of memory.

#include <string_view>

#include "base/secret.h"
#include "base/ssh_key.h"

namespace fumidai {

// The comment is one line of printable text: PuTTY and Pageant show it as the key's name.
Secret putty_file(SshKeyPair const& pair, std::string_view comment);

}  // namespace fumidai
