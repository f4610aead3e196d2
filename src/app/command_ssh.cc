// fumidai ssh

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

#include "app/client_command.h"
#include "app/commands.h"
#include "base/ssh_key.h"
#include "client/tunnel.h"
#include "io/process.h"

namespace fumidai::app {

namespace {

struct SshArguments {
  ClientArguments client;
  std::string target, user = "ec2-user";
  std::uint16_t port = 22;
  std::vector<std::string> options;
};

// A key pair that nobody uses again: its files go with us.
class PassingKey {
 public:
  static Result<PassingKey> make() {
    std::string name = (std::filesystem::temp_directory_path() / "fumidai-ssh-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return system_error("make a directory for a key");
    PassingKey key;
    key.directory_ = name;
    auto pair = generate_ssh_key(SshKeyType::ed25519);
    key.line_ = pair.public_key.line;
    CHECK(io::write_file(key.file(), pair.private_key.reveal(), 0600));
    return key;
  }
  PassingKey(PassingKey&& other) noexcept
      : directory_(std::exchange(other.directory_, {})), line_(std::move(other.line_)) {}
  ~PassingKey() {
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  io::Path file() const { return directory_ / "key"; }
  std::string const& line() const { return line_; }

 private:
  PassingKey() = default;
  io::Path directory_;
  std::string line_;
};

std::string proxy_command(SshArguments const& arguments, std::string const& instance) {
  std::vector<std::string> words{own_program(), "tunnel", instance, std::to_string(arguments.port)};
  auto const& profile = arguments.client.profile;
  if (!profile.data_directory.empty()) {
    std::error_code ignored;
    auto full = std::filesystem::absolute(profile.data_directory, ignored).string();
    words.insert(words.end(), {"--data-dir", full});
  }
  if (!profile.name.empty()) words.insert(words.end(), {"--profile", profile.name});
  std::string command;
  for (auto const& word : words) command += (command.empty() ? "" : " ") + in_proxy_command(word);
  return command;
}

// How many of the words are options of ssh with their values: it ends them with the first word that is none.
std::size_t count_options(std::vector<std::string> const& words) {
  constexpr std::string_view kWithValue = "BbcDEeFIiJLlmOopQRSWw";
  std::size_t count = 0;
  while (count < words.size() && words[count].starts_with('-') && words[count] != "--") {
    bool takes_next =
        words[count].find_first_of(kWithValue, 1) == words[count].size() - 1;  // -p, -vL; not -p22
    count += takes_next ? 2 : 1;
  }
  return std::min(count, words.size());
}

// Ours, the person's options, the host, and the person's command.
std::vector<std::string> ssh_words(SshArguments const& arguments, client::TunnelTarget const& way,
                                   std::optional<PassingKey> const& key) {
  auto const& host = way.name();
  std::vector<std::string> words{"ssh", "-l", arguments.user};
  auto add_option = [&](std::string option) { words.insert(words.end(), {"-o", std::move(option)}); };
  add_option("ProxyCommand=" + proxy_command(arguments, host));
  add_option("HostKeyAlias=" + host);
  // Others notice by themselves when they are cut off, and come back.
  bool ends_with_its_connection = !way.endpoints.empty() && !way.endpoints[0].is_resumable;
  if (ends_with_its_connection) add_option("ServerAliveInterval=5");
  if (key) {
    add_option("IdentitiesOnly=yes");
    words.insert(words.end(), {"-i", key->file().string()});
  }
  auto const& given = arguments.options;
  auto command = given.begin() + static_cast<std::ptrdiff_t>(count_options(given));
  words.insert(words.end(), given.begin(), command);
  words.push_back(host);
  if (command != given.end() && *command == "--") ++command;
  words.insert(words.end(), command, given.end());
  return words;
}

int run_ssh(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // A key press of the person is ssh's alone; the key's files go when it has ended.
  for (int number : {SIGINT, SIGQUIT, SIGHUP}) ::signal(number, SIG_IGN);
  auto child = ::fork();
  if (child < 0) return 255;
  if (child == 0) {
    for (int number : {SIGINT, SIGQUIT, SIGHUP}) ::signal(number, SIG_DFL);
    ::execvp(arguments[0], arguments.data());
    std::perror("fumidai: cannot run ssh");
    ::_exit(255);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return io::exit_code_of(status);
}

Result<client::TunnelTarget> find_way(SshArguments const& arguments) {
  asio::io_context loop(1);
  TRY(auto profile, client::find_profile(arguments.client.profile));
  TRY(auto plane, client::Plane::make(std::move(profile)));
  return run_on_loop(loop, client::find_tunnel(plane, arguments.target));
}

Result<int> run(SshArguments arguments) {
  if (auto at = arguments.target.find('@'); at != std::string::npos) {
    arguments.user = arguments.target.substr(0, at);
    arguments.target.erase(0, at + 1);
  }
  TRY(auto way, find_way(arguments));
  std::optional<PassingKey> key;
  if (!way.instance.empty()) {
    TRY(auto made, PassingKey::make());
    key.emplace(std::move(made));
    CHECK(call_plane(
        arguments.client, "ec2-instance-connect", "AWSEC2InstanceConnectService.SendSSHPublicKey",
        {{"InstanceId", way.instance}, {"InstanceOSUser", arguments.user}, {"SSHPublicKey", key->line()}}));
  }
  std::fprintf(stderr, "[fumidai] %s through %s\n", way.name().c_str(), way.first_way().c_str());
  return run_ssh(ssh_words(arguments, way, key));
}

}  // namespace

void add_ssh_command(CLI::App& app, Run& run_later) {
  auto arguments = std::make_shared<SshArguments>();
  auto* ssh = app.add_subcommand(
      "ssh",
      "ssh to an instance through a connect endpoint or its agent, with a key that lives 60 seconds: "
      "fumidai ssh [USER@]TARGET [OPTIONS OF ssh] [COMMAND]");
  ssh->add_option("target", arguments->target,
                  "An instance's id, its name, a tag KEY=VALUE, or the address of a host, for which you need "
                  "a key of your own")
      ->required();
  ssh->add_option("-p,--port", arguments->port, "Its SSH port")->capture_default_str();
  add_client_arguments(*ssh, arguments->client);
  ssh->prefix_command();
  ssh->callback([arguments, ssh, &run_later] {
    for (auto const& word : ssh->remaining()) arguments->options.push_back(word);
    run_later = [arguments] { return run(*arguments); };
  });
}

}  // namespace fumidai::app
