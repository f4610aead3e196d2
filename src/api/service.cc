#include "api/service.h"

#include <array>

#include "base/bytes.h"

namespace fumidai::api {

using wire::Protocol;

Service const kSsm{"ssm", Protocol::json, "AmazonSSM", "", ""};
Service const kEc2Messages{"ec2messages", Protocol::json, "EC2WindowsMessageDeliveryService", "", ""};
Service const kSsmMessages{"ssmmessages", Protocol::rest, "", "", ""};
Service const kIam{"iam", Protocol::query, "", "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/"};
Service const kSts{"sts", Protocol::query, "", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/"};
Service const kEc2{"ec2", Protocol::ec2, "", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/"};
Service const kInstanceConnect{"ec2-instance-connect", Protocol::json, "AWSEC2InstanceConnectService", "",
                               ""};
Service const kFumidai{"fumidai", Protocol::json, "Fumidai", "", ""};

std::span<Service const* const> services() {
  static constexpr std::array kAll = {&kSsm, &kEc2Messages, &kSsmMessages,     &kIam,
                                      &kSts, &kEc2,         &kInstanceConnect, &kFumidai};
  return kAll;
}

namespace {

struct ChannelCall {
  std::string_view prefix, operation;
};
constexpr ChannelCall kChannelCalls[] = {{"/v1/control-channel/", "CreateControlChannel"},
                                         {"/v1/data-channel/", "CreateDataChannel"}};

Result<Addressed> by_target(std::string_view target) {
  auto dot = target.find('.');
  for (auto const* service : services()) {
    if (!service->target_prefix.empty() && target.substr(0, dot) == service->target_prefix &&
        dot != target.npos) {
      return Addressed{service, std::string(target.substr(dot + 1)), {}, {}};
    }
  }
  return Error{Errc::unsupported,
               "The target '" + escaped(target, 128) + "' is not an operation of a service here.",
               "UnknownOperationException"};
}

Result<Addressed> by_fields(std::vector<wire::QueryPair> fields) {
  auto value = [&](std::string_view name) {
    for (auto const& field : fields) {
      if (field.name == name) return field.value;
    }
    return std::string();
  };
  auto version = value("Version"), action = value("Action");
  for (auto const* service : services()) {
    if (service->version.empty() || service->version != version) continue;
    std::erase_if(fields, [](auto const& field) {
      return field.name == "Action" || field.name == "Version" || field.name.starts_with("X-Amz-");
    });
    return Addressed{service, action, std::move(fields), {}};
  }
  return Error{Errc::not_found,
               "Nothing is served at this address. It answers the AWS protocols; see the documentation."};
}

}  // namespace

Result<Addressed> address_of(wire::HttpRequest const& request) {
  if (auto target = request.headers.find("x-amz-target")) return by_target(*target);
  for (auto const& call : kChannelCalls) {
    if (!request.path().starts_with(call.prefix)) continue;
    if (request.method != "POST")
      return Error{Errc::not_found, "Channels are made by POST and opened by a WebSocket upgrade."};
    TRY(auto id, wire::percent_decode(request.path().substr(call.prefix.size())));
    return Addressed{&kSsmMessages, std::string(call.operation), {}, std::move(id)};
  }
  bool is_form =
      request.method == "POST" &&
      request.headers.find("content-type").value_or("").starts_with("application/x-www-form-urlencoded");
  // In a URL a plus is a plus, and signed as such: read as a blank, the call would mean what nobody signed.
  auto fields = is_form ? wire::parse_query(request.body, wire::Plus::is_blank)
                        : wire::parse_query(request.query(), wire::Plus::stays);
  if (!fields) return fields.error();
  return by_fields(*std::move(fields));
}

}  // namespace fumidai::api
