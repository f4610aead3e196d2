#pragma once

// A private key of SSH, in a file of its own.

#include <string>

#include "io/file.h"

namespace fumidai::app {

// The public half of the key in this file, a line of OpenSSH. Where there is no file, a key is made, in a
// directory that only its owner enters; one that is there stays as it is. Errors: system; malformed, for a
// file that is no private key.
Result<std::string> public_half_of(io::Path const& file);

}  // namespace fumidai::app
