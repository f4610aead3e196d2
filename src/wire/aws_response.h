#pragma once

// Answers in the forms of AWS's protocols (aws-requests.md 3 to 7), errors above all.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "wire/http.h"
#include "wire/json_shape.h"
#include "wire/protocol.h"

namespace fumidai::wire {

// The name of an error in this protocol: its AWS name, in the protocol's spelling, or a general one.
std::string_view error_name(Error const& error, Protocol protocol);

// What went wrong inside is in our log, under the request id; the caller is told only that it did.
HttpResponse error_response(Error const& error, Protocol protocol, std::string const& request_id, Time now);

HttpResponse json_response(json::value const& body, std::string const& request_id, Time now);

// <OperationResponse xmlns=…><OperationResult>members</OperationResult>…; without a result for empty members.
HttpResponse query_response(std::string_view operation, std::string_view xml_namespace,
                            std::string_view members, std::string const& request_id, Time now);

// <OperationResponse xmlns=…><requestId/>members</OperationResponse>.
HttpResponse ec2_response(std::string_view operation, std::string_view xml_namespace,
                          std::string_view members, std::string const& request_id, Time now);

// The two calls whose answer AWS's agent reads as XML, with status 201.
HttpResponse channel_response(std::string_view operation, std::string_view members,
                              std::string const& request_id, Time now);

}  // namespace fumidai::wire
