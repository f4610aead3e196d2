#include "wire/aws_response.h"

#include "wire/xml_shape.h"

namespace fumidai::wire {

namespace {

HttpResponse response_with(std::string const& request_id, Time now) {
  HttpResponse response;
  response.headers = {{"x-amzn-RequestId", request_id}, {"Date", to_http_date(now)}};
  return response;
}

bool is_json(Protocol protocol) {
  return protocol == Protocol::json || protocol == Protocol::rest || protocol == Protocol::tunnel;
}

std::string_view general_ec2_name(Errc code) {
  switch (code) {
    case Errc::malformed: return "MalformedQueryString";
    case Errc::denied: return "UnauthorizedOperation";
    case Errc::unauthenticated: return "AuthFailure";
    case Errc::unsupported: return "InvalidAction";
    case Errc::limit_exceeded: return "RequestLimitExceeded";
    case Errc::unavailable: return "Unavailable";
    case Errc::system:
    case Errc::corrupt: return "InternalError";
    default: return "InvalidParameterValue";
  }
}

std::string_view general_tunnel_name(Errc code) {
  switch (code) {
    case Errc::denied: return "AccessDenied";
    case Errc::unauthenticated: return "InvalidClientTokenId";
    case Errc::not_found: return "ResourceNotFound";
    case Errc::limit_exceeded: return "TooManyConnections";
    case Errc::unavailable: return "ServiceUnavailable";
    case Errc::system:
    case Errc::corrupt: return "InternalError";
    default: return "InvalidParameter";
  }
}

std::string_view general_name(Errc code, Protocol protocol) {
  if (protocol == Protocol::ec2) return general_ec2_name(code);
  if (protocol == Protocol::tunnel) return general_tunnel_name(code);
  bool json = is_json(protocol);
  switch (code) {
    case Errc::malformed: return json ? "SerializationException" : "MalformedQueryString";
    case Errc::denied: return json ? "AccessDeniedException" : "AccessDenied";
    case Errc::unauthenticated: return json ? "UnrecognizedClientException" : "InvalidClientTokenId";
    case Errc::unsupported: return json ? "UnknownOperationException" : "InvalidAction";
    case Errc::limit_exceeded: return json ? "ThrottlingException" : "Throttling";
    case Errc::unavailable: return json ? "ServiceUnavailableException" : "ServiceUnavailable";
    case Errc::system:
    case Errc::corrupt: return json ? "InternalServerError" : "InternalFailure";
    default: return json ? "ValidationException" : "ValidationError";
  }
}

}  // namespace

std::string_view error_name(Error const& error, Protocol protocol) {
  if (error.aws.empty() || error.code == Errc::system || error.code == Errc::corrupt)
    return general_name(error.code, protocol);
  if (error.aws == "AccessDenied" && is_json(protocol) && protocol != Protocol::tunnel)
    return "AccessDeniedException";
  if (error.aws == "AccessDenied" && protocol == Protocol::ec2) return "UnauthorizedOperation";
  bool is_ec2 = protocol == Protocol::ec2;
  if (is_ec2 && (error.aws == "ValidationException" || error.aws == "SerializationException"))
    return "InvalidParameterValue";
  if (error.aws == "ValidationException" && !is_json(protocol)) return "ValidationError";
  return error.aws;
}

HttpResponse error_response(Error const& error, Protocol protocol, std::string const& request_id, Time now) {
  auto response = response_with(request_id, now);
  bool ours = error.code == Errc::system || error.code == Errc::corrupt;
  auto message =
      ours ? "An internal error occurred; the server's log tells more under request id " + request_id + "."
           : error.detail;
  std::string name(error_name(error, protocol));
  Error named{error.code, {}, name};
  response.status = status_of(named, protocol);
  if (protocol == Protocol::tunnel) {
    response.headers.add("Content-Type", "application/json");
    response.body = to_text(json::object{{"ErrorCode", name}, {"Message", message}});
    return response;
  }
  if (is_json(protocol)) {
    response.headers.add("Content-Type", "application/x-amz-json-1.1");
    response.headers.add("x-amzn-ErrorType", name);
    response.body = to_text(json::object{{"__type", name}, {"message", message}});
    return response;
  }
  response.headers.add("Content-Type", "text/xml;charset=UTF-8");
  auto text = xml_escaped(message);
  response.body = protocol == Protocol::ec2
                      ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>" + name +
                            "</Code><Message>" + text + "</Message></Error></Errors><RequestID>" +
                            request_id + "</RequestID></Response>"
                      : "<ErrorResponse><Error><Type>" +
                            std::string(response.status >= 500 ? "Receiver" : "Sender") + "</Type><Code>" +
                            name + "</Code><Message>" + text + "</Message></Error><RequestId>" + request_id +
                            "</RequestId></ErrorResponse>";
  return response;
}

HttpResponse json_response(json::value const& body, std::string const& request_id, Time now) {
  auto response = response_with(request_id, now);
  response.headers.add("Content-Type", "application/x-amz-json-1.1");
  response.body = to_text(body);
  return response;
}

HttpResponse query_response(std::string_view operation, std::string_view xml_namespace,
                            std::string_view members, std::string const& request_id, Time now) {
  auto response = response_with(request_id, now);
  response.headers.add("Content-Type", "text/xml");
  auto name = std::string(operation);
  response.body = "<" + name + "Response xmlns=\"" + std::string(xml_namespace) + "\">";
  if (!members.empty())
    response.body += "<" + name + "Result>" + std::string(members) + "</" + name + "Result>";
  response.body +=
      "<ResponseMetadata><RequestId>" + request_id + "</RequestId></ResponseMetadata></" + name + "Response>";
  return response;
}

HttpResponse ec2_response(std::string_view operation, std::string_view xml_namespace,
                          std::string_view members, std::string const& request_id, Time now) {
  auto response = response_with(request_id, now);
  response.headers.add("Content-Type", "text/xml;charset=UTF-8");
  auto name = std::string(operation) + "Response";
  response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + name + " xmlns=\"" +
                  std::string(xml_namespace) + "\"><requestId>" + request_id + "</requestId>" +
                  std::string(members) + "</" + name + ">";
  return response;
}

HttpResponse channel_response(std::string_view operation, std::string_view members,
                              std::string const& request_id, Time now) {
  auto response = response_with(request_id, now);
  response.status = 201;
  response.headers.add("Content-Type", "application/xml");
  auto name = std::string(operation) + "Response";
  response.body = "<" + name + ">" + std::string(members) + "</" + name + ">";
  return response;
}

}  // namespace fumidai::wire
