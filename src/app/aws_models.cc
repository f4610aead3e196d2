#include "app/aws_models.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace fumidai::app {

namespace json = boost::json;

namespace {

struct BotocoreService {
  char const *folder, *version, *endpoint_prefix;
};

constexpr BotocoreService kServices[] = {
    {"ssm", "2014-11-06", "ssm"},
    {"sts", "2011-06-15", "sts"},
    {"iam", "2010-05-08", "iam"},
    {"ec2", "2016-11-15", "ec2"},
    {"ec2-instance-connect", "2018-04-02", "ec2-instance-connect"},
};

json::object parameter(char const* built_in, char const* type) {
  return {{"builtIn", built_in}, {"required", false}, {"documentation", ""}, {"type", type}};
}

json::object endpoint_rule(json::array conditions, json::value url) {
  return {
      {"conditions", std::move(conditions)},
      {"endpoint",
       json::object{{"url", std::move(url)}, {"properties", json::object()}, {"headers", json::object()}}},
      {"type", "endpoint"}};
}

// --endpoint-url still wins; everything else comes to us.
std::string rule_set(std::string const& url) {
  json::object is_given{{"fn", "isSet"}, {"argv", json::array{json::object{{"ref", "Endpoint"}}}}};
  json::object rules{
      {"version", "1.0"},
      {"parameters", json::object{{"Region", parameter("AWS::Region", "String")},
                                  {"UseDualStack", parameter("AWS::UseDualStack", "Boolean")},
                                  {"UseFIPS", parameter("AWS::UseFIPS", "Boolean")},
                                  {"UseGlobalEndpoint", parameter("AWS::STS::UseGlobalEndpoint", "Boolean")},
                                  {"Endpoint", parameter("SDK::Endpoint", "String")}}},
      {"rules", json::array{endpoint_rule({is_given}, json::object{{"ref", "Endpoint"}}),
                            endpoint_rule({}, json::string(url))}}};
  return json::serialize(rules) + "\n";
}

// Read by the CLI when it tells session-manager-plugin where the API is.
std::string endpoints(std::string const& region, std::string const& url) {
  auto host = url.substr(url.find("://") + 3);
  json::object services;
  for (auto const& service : kServices) {
    services[service.endpoint_prefix] =
        json::object{{"endpoints", json::object{{region, json::object{{"hostname", host}}}}}};
  }
  json::object partition{{"partition", "aws"},
                         {"partitionName", "AWS Standard"},
                         {"dnsSuffix", "amazonaws.com"},
                         {"regionRegex", "^[a-z0-9-]+$"},
                         {"defaults", json::object{{"hostname", host},
                                                   {"protocols", json::array{"https"}},
                                                   {"signatureVersions", json::array{"v4"}}}},
                         {"regions", json::object{{region, json::object{{"description", "Fumidai"}}}}},
                         {"services", std::move(services)}};
  return json::serialize(json::object{{"version", 3}, {"partitions", json::array{partition}}}) + "\n";
}

}  // namespace

std::vector<ModelFile> aws_models(std::string const& region, std::string const& url) {
  std::vector<ModelFile> files{{"endpoints.json", endpoints(region, url)}};
  for (auto const& service : kServices) {
    files.push_back(
        {std::string(service.folder) + "/" + service.version + "/endpoint-rule-set-1.json", rule_set(url)});
  }
  return files;
}

}  // namespace fumidai::app
