#pragma once

// The families of AWS protocols that one port serves, and how each of them words a failed authentication.

#include <string>
#include <string_view>

#include "base/result.h"

namespace fumidai::wire {

enum class Protocol {
  json,    // AWS JSON 1.1: ssm, ec2messages, ec2-instance-connect, and our own operations
  query,   // iam, sts
  ec2,     // EC2's own Query
  rest,    // ssmmessages
  tunnel,  // openTunnel
};

// Why a request is not proven to come from whom it names (aws-requests.md 2.9).
enum class AuthFault {
  missing,            // no credentials at all
  incomplete,         // malformed, or two forms at once
  unknown_key,        // key or token unknown, inactive, or not belonging together
  token_expired,      //
  mismatch,           // signature, scope, or a header that had to be signed
  skew,               // the clocks differ too much
  presigned_expired,  //
  bad_expires,        // X-Amz-Expires out of range
};

// The error with the name that this protocol gives it; `detail` empty takes AWS's usual sentence.
Error auth_error(AuthFault fault, Protocol protocol, std::string detail = {});

// The HTTP status that belongs to an error of this protocol.
unsigned status_of(Error const& error, Protocol protocol);

}  // namespace fumidai::wire
