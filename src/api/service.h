#pragma once

// The services that one port answers for, told apart as aws-requests.md 1.1 says, and what a request is for.

#include <span>
#include <string>
#include <string_view>

#include "wire/http.h"
#include "wire/protocol.h"
#include "wire/url.h"

namespace fumidai::api {

struct Service {
  std::string_view name;  // as requests are signed for it, and as policies call it
  wire::Protocol protocol;
  std::string_view target_prefix;  // JSON: X-Amz-Target is PREFIX.Operation
  std::string_view version;        // Query: the Version field
  std::string_view xml_namespace;
};

extern Service const kSsm, kEc2Messages, kSsmMessages, kIam, kSts, kEc2, kInstanceConnect, kFumidai;
std::span<Service const* const> services();

// What a request addresses.
struct Addressed {
  Service const* service;
  std::string operation;
  std::vector<wire::QueryPair> fields;  // Query protocols
  std::string resource;                 // the id in the path of a channel call
};

// Error: not_found, when it is none of ours; unsupported or malformed in the words of the service otherwise.
Result<Addressed> address_of(wire::HttpRequest const& request);

}  // namespace fumidai::api
