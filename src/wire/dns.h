#pragma once

// Questions for the IPv4 addresses of a name, and their answers (RFC 1035 section 4), without a socket.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/cidr.h"
#include "base/result.h"

namespace fumidai::wire {

// With recursion desired. Error: invalid, for what is no domain name.
Result<Bytes> encode_dns_question(std::uint16_t id, std::string_view name);

// The A records of an answer to that question, in order; none for a name without any. Errors: malformed,
// not_found (NXDOMAIN), unavailable (any other refusal), conflict (an answer to something else).
Result<std::vector<Address>> parse_dns_answer(std::uint16_t id, ByteView message);

}  // namespace fumidai::wire
