#include "app/data_directory.h"

#include <cstdlib>

#include "app/aws_models.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"

namespace fumidai::app {

namespace {

constexpr std::size_t kLeastSecret = 32;

std::string environment(char const* name) {
  auto const* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<Secret> checked(std::string text, std::string const& where) {
  Secret secret{std::string(trimmed(text))};
  if (secret.reveal().size() < kLeastSecret) {
    return Error{Errc::invalid, "the deployment secret of " + where +
                                    " has fewer than 32 characters; make one with: openssl rand -base64 48"};
  }
  return secret;
}

Result<Secret> secret_file(io::Path const& path) {
  TRY(auto text, io::read_file(path, 64 * 1024));
  return checked(std::move(text), path.string());
}

io::Path default_secret(std::string const& name) {
  auto base = environment("XDG_CONFIG_HOME");
  auto home = environment("HOME");
  io::Path directory = !base.empty()   ? io::Path(base)
                       : !home.empty() ? io::Path(home) / ".config"
                                       : io::Path("/etc");
  return directory / "fumidai" / "secrets" / name;
}

// Places that somebody chose on purpose; nothing when nobody did.
Result<std::optional<Secret>> chosen_secret(std::string const& file) {
  auto found = [](Result<Secret> secret) -> Result<std::optional<Secret>> {
    if (!secret) return secret.error();
    return std::optional(*std::move(secret));
  };
  if (!file.empty()) return found(secret_file(file));
  if (auto path = environment("FUMIDAI_SECRET_FILE"); !path.empty()) return found(secret_file(path));
  if (auto directory = environment("CREDENTIALS_DIRECTORY"); !directory.empty()) {
    auto path = io::Path(directory) / "fumidai-secret";
    TRY(auto is_there, io::exists(path));
    if (is_there) return found(secret_file(path));
  }
  if (auto text = environment("FUMIDAI_SECRET"); !text.empty())
    return found(checked(text, "$FUMIDAI_SECRET"));
  return std::optional<Secret>();
}

Result<std::string> name_of_secret(DataDirectory const& directory) {
  auto text = io::read_file(directory.secret_name(), 256);
  if (!text && text.error().code == Errc::not_found)
    return Error{Errc::not_found, "the deployment secret of " + directory.root.string() +
                                      " was given by its first start, and has to be given again: set "
                                      "FUMIDAI_SECRET_FILE, or --secret-file"};
  if (!text) return text.error();
  auto name = std::string(trimmed(*text));
  if (name.empty() || name.find('/') != name.npos)
    return Error{Errc::corrupt, directory.secret_name().string() + " does not name a secret"};
  return name;
}

std::string exported_roots() {
  for (auto const* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    if (auto roots = io::read_file(path)) return *roots;
  }
  return "";
}

}  // namespace

Result<Secret> read_deployment_secret(DataDirectory const& directory, std::string const& file) {
  TRY(auto chosen, chosen_secret(file));
  if (chosen) return *std::move(chosen);
  TRY(auto name, name_of_secret(directory));
  auto path = default_secret(name);
  auto secret = secret_file(path);
  if (!secret && secret.error().code == Errc::not_found) {
    return Error{Errc::not_found,
                 "the deployment secret of " + directory.root.string() +
                     " is missing: looked for --secret-file, $FUMIDAI_SECRET_FILE, the systemd "
                     "credential fumidai-secret, $FUMIDAI_SECRET and " +
                     path.string() + ". Restore it from your backup; without it this data cannot be used."};
  }
  return secret;
}

Result<Secret> find_deployment_secret(DataDirectory const& directory, std::string const& file) {
  TRY(auto chosen, chosen_secret(file));
  if (chosen) return *std::move(chosen);
  TRY(auto is_known, io::exists(directory.database()));
  if (is_known) return read_deployment_secret(directory, file);
  auto name = random_hex(16);
  auto path = default_secret(name);
  CHECK(io::make_directory(path.parent_path(), 0700));
  Secret secret(to_base64(as_bytes(random_secret(48).reveal())));
  CHECK(io::write_file(path, secret.reveal() + "\n", 0600));
  CHECK(io::write_file(directory.secret_name(), name + "\n"));
  log_warn("made the deployment secret; without it the data cannot be opened: keep a copy elsewhere",
           {{"file", path.string()}});
  return secret;
}

Result<void> write_credentials(DataDirectory const& directory, identity::NewAccessKey const& key) {
  return io::write_file(
      directory.credentials(),
      "[default]\naws_access_key_id = " + key.id + "\naws_secret_access_key = " + key.secret.reveal() + "\n",
      0600);
}

Result<void> write_tool_files(DataDirectory const& directory, std::string const& region,
                              std::string const& url, std::string const& ca_pem) {
  CHECK(io::write_file(directory.aws_config(), "[default]\nregion = " + region + "\n"));
  CHECK(io::write_file(directory.ca(), ca_pem));
  auto roots = exported_roots();
  if (!roots.empty() && roots.back() != '\n') roots += '\n';
  CHECK(io::write_file(directory.ca_bundle(), roots + ca_pem));
  for (auto const& file : aws_models(region, url)) {
    auto path = directory.aws_models() / file.path;
    CHECK(io::make_directory(path.parent_path()));
    CHECK(io::write_file(path, file.content));
  }
  return success();
}

}  // namespace fumidai::app
