#include "client/profile.h"

#include <cstdlib>

#include "base/bytes.h"

namespace fumidai::client {

namespace {

std::string environment(char const* name) {
  auto const* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_of(std::initializer_list<char const*> names) {
  for (auto const* name : names) {
    if (auto value = environment(name); !value.empty()) return value;
  }
  return "";
}

io::Path aws_file(char const* variable, char const* file) {
  if (auto path = environment(variable); !path.empty()) return path;
  return io::Path(environment("HOME")) / ".aws" / file;
}

std::string text_of(io::Path const& path) {
  auto text = io::read_file(path, 1024 * 1024);
  return text ? *text : "";
}

wire::Credentials credentials_in(std::string const& text, std::string const& section) {
  return {find_setting(text, section, "aws_access_key_id"),
          Secret(find_setting(text, section, "aws_secret_access_key")),
          find_setting(text, section, "aws_session_token")};
}

// The server would only call half a key a wrong one.
Result<wire::Credentials> whole(wire::Credentials credentials, std::string const& where) {
  if (credentials.secret_access_key.empty())
    return Error{Errc::invalid, where + " has an access key id, but no secret access key"};
  return credentials;
}

std::string profile_name(std::string const& given) {
  auto name = !given.empty() ? given : first_of({"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  return name.empty() ? "default" : name;
}

std::string config_section(std::string const& profile) {
  return profile == "default" ? profile : "profile " + profile;
}

Result<wire::Credentials> aws_credentials(std::string const& profile) {
  if (profile.empty()) {
    wire::Credentials given{environment("AWS_ACCESS_KEY_ID"), Secret(environment("AWS_SECRET_ACCESS_KEY")),
                            environment("AWS_SESSION_TOKEN")};
    if (!given.access_key_id.empty()) return whole(std::move(given), "the environment");
  }
  auto name = profile_name(profile);
  auto file = aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  auto found = credentials_in(text_of(file), name);
  if (found.access_key_id.empty())
    found = credentials_in(text_of(aws_file("AWS_CONFIG_FILE", "config")), config_section(name));
  if (found.access_key_id.empty()) {
    return Error{Errc::not_found,
                 "there are no credentials: none in the environment, and no access key for the profile '" +
                     name + "' in " + file.string() +
                     ". For a server on this machine: eval \"$(fumidai env)\""};
  }
  return whole(std::move(found), "the profile '" + name + "'");
}

// A shell keeps the environment of a server that is gone.
Result<std::string> ca_bundle(io::Path const& file) {
  auto bundle = io::read_file(file);
  if (bundle || bundle.error().code != Errc::not_found) return bundle;
  return Error{
      Errc::not_found,
      "AWS_CA_BUNDLE names " + file.string() +
          ", which is not there; most likely this shell has the environment of a server that is gone. "
          "Take it back: eval \"$(fumidai env --unset)\"; or take that of another one: eval \"$(fumidai "
          "env --data-dir DIR)\""};
}

Result<Profile> profile_of_data_directory(io::Path const& directory) {
  Profile profile;
  auto endpoint = io::read_file(directory / "endpoint", 4096);
  if (!endpoint && endpoint.error().code != Errc::not_found)
    return Error{Errc::denied, "cannot " + endpoint.error().detail +
                                   ". Run this as the server's user, or use a key of your own "
                                   "(docs/operate/aws-tools.md)"};
  if (!endpoint) {
    return Error{Errc::unavailable, "no server runs with the data directory " + directory.string() +
                                        " (it has no file 'endpoint'); start it: fumidai server --data-dir " +
                                        directory.string()};
  }
  profile.endpoint = trimmed(*endpoint);
  auto file = directory / "credentials";
  TRY(auto credentials, io::read_file(file, 65536));
  profile.credentials = credentials_in(credentials, "default");
  if (profile.credentials.access_key_id.empty())
    return Error{Errc::corrupt, file.string() + " has no access key in its section [default]"};
  TRY(profile.credentials, whole(std::move(profile.credentials), file.string()));
  profile.region = find_setting(text_of(directory / "config"), "default", "region");
  TRY(profile.ca_pem, io::read_file(directory / "ca.pem"));
  return profile;
}

}  // namespace

std::string find_setting(std::string_view text, std::string_view section, std::string_view key) {
  bool inside = false;
  for (auto line : split(text, '\n')) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      inside = trimmed(line.substr(1, line.size() - 2)) == section;
      continue;
    }
    auto equals = line.find('=');
    if (inside && equals != line.npos && trimmed(line.substr(0, equals)) == key)
      return std::string(trimmed(line.substr(equals + 1)));
  }
  return "";
}

Result<Profile> find_profile(ProfileOptions const& options) {
  if (!options.data_directory.empty()) return profile_of_data_directory(options.data_directory);
  auto endpoint =
      !options.endpoint.empty() ? options.endpoint : first_of({"AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"});
  if (endpoint.empty()) {
    if (auto directory = environment("FUMIDAI_DATA_DIR"); !directory.empty())
      return profile_of_data_directory(directory);
    std::error_code cannot_tell;
    if (std::filesystem::exists("fumidai-data/endpoint", cannot_tell))
      return profile_of_data_directory("fumidai-data");
    return Error{Errc::not_found,
                 "no server is known: there is no ./fumidai-data with a running server, and AWS_ENDPOINT_URL "
                 "is not set. Name a data directory "
                 "with --data-dir, or set the environment: eval \"$(fumidai env --data-dir DIR)\""};
  }
  Profile profile;
  profile.endpoint = endpoint;
  auto region = !options.region.empty() ? options.region : first_of({"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (region.empty())
    region = find_setting(text_of(aws_file("AWS_CONFIG_FILE", "config")),
                          config_section(profile_name(options.name)), "region");
  profile.region = region.empty() ? "us-east-1" : region;
  if (auto bundle = environment("AWS_CA_BUNDLE"); !bundle.empty()) {
    TRY(profile.ca_pem, ca_bundle(bundle));
  }
  TRY(profile.credentials, aws_credentials(options.name));
  return profile;
}

}  // namespace fumidai::client
