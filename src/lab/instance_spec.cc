#include "lab/instance_spec.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/cidr.h"

namespace fumidai::lab {

namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view kName = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

bool consists_of(std::string_view text, std::string_view characters, std::size_t most) {
  return !text.empty() && text.size() <= most && text.find_first_not_of(characters) == text.npos &&
         text[0] != '.' && text[0] != '-';
}

Error bad(std::string const& field, std::string_view value) {
  return Error{Errc::invalid, "an instance cannot have '" + escaped(value, 64) + "' as its " + field};
}

// These separate the options of an overlay.
bool fits_an_option(io::Path const& path) {
  return path.is_absolute() && path.native().find_first_of(",:\\\n") == std::string::npos;
}

Result<void> validate_paths(InstanceSpec const& spec) {
  if (!fits_an_option(spec.directory))
    return bad("directory (absolute, without , : and \\)", spec.directory.string());
  for (auto const& layer : spec.layers) {
    for (auto const& lower : layer.lower)
      if (!fits_an_option(lower))
        return bad("image's directory (absolute, without , : and \\)", lower.string());
  }
  if (spec.layers.empty() || spec.layers[0].at != "/") return bad("image", "");
  return success();
}

}  // namespace

Result<void> validate(InstanceSpec const& spec) {
  if (!spec.id.text().starts_with("i-") || !consists_of(spec.id.text(), kLower, 32))
    return bad("id", spec.id.text());
  if (!consists_of(spec.network_namespace, kName, 128))
    return bad("network namespace", spec.network_namespace);
  if (!consists_of(spec.hostname, kLower, 63)) return bad("host name", spec.hostname);
  if (!consists_of(spec.domain, kName, 190)) return bad("domain", spec.domain);
  if (!Address::parse(spec.address)) return bad("address", spec.address);
  if (!spec.dns_server.empty() && !Address::parse(spec.dns_server)) return bad("DNS server", spec.dns_server);
  for (auto const& key : spec.public_keys)
    if (key.find_first_of(std::string_view("\n\r\0", 3)) != key.npos) return bad("public key", key);
  for (auto const& root : spec.trusted_roots)
    if (!consists_of(root.name, kName, 100)) return bad("trusted root's name", root.name);
  return validate_paths(spec);
}

AgentProgram our_agent(io::Path const& agent, io::Path const& session_program, std::string const& region) {
  return {{{agent, "/usr/bin/fumidai-agent"}, {session_program, "/usr/bin/fumidai-agent-session"}},
          {"/usr/bin/fumidai-agent", "run", "--ec2"},
          {"AWS_REGION=" + region}};
}

Result<AgentProgram> amazon_ssm_agent(io::Path const& directory) {
  AgentProgram agent;
  std::error_code failure;
  for (auto const& entry : std::filesystem::directory_iterator(directory, failure)) {
    if (entry.is_regular_file(failure))
      agent.files.push_back({entry.path(), "/usr/bin/" + entry.path().filename().string()});
  }
  bool has_agent = std::any_of(agent.files.begin(), agent.files.end(),
                               [](auto const& file) { return file.at == "/usr/bin/amazon-ssm-agent"; });
  if (!has_agent) return Error{Errc::not_found, "there is no amazon-ssm-agent in " + directory.string()};
  agent.command = {"/usr/bin/amazon-ssm-agent"};
  return agent;
}

}  // namespace fumidai::lab
