// fumidai ssh

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <cstdio>

#include "app/client_command.h"
#include "app/commands.h"
#include "app/ssh_words.h"
#include "base/ssh_key.h"
#include "client/tunnel.h"
#include "io/process.h"
#include "networks/connect_limits.h"

namespace fumidai::app {

namespace {

struct SshArguments {
  client::ProfileOptions profile;
  std::string seconds;  // of --max-tunnel-duration; empty: as long as `fumidai tunnel` takes
};

constexpr char const* kUser = "ec2-user";
constexpr std::uint16_t kPort = 22;

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

Result<void> check_duration(std::string const& seconds) {
  auto longest = networks::ConnectLimits::none().max_duration.count();
  auto const* end = seconds.data() + seconds.size();
  decltype(longest) number = 0;
  bool is_number = std::from_chars(seconds.data(), end, number).ptr == end;
  if (seconds.empty() || (is_number && number >= 1 && number <= longest)) return success();
  return Error{Errc::invalid, "--max-tunnel-duration takes a number of seconds from 1 to " +
                                  std::to_string(longest) + ", not '" + printable(seconds, 40) + "'"};
}

std::string proxy_command(SshArguments const& arguments, std::string const& instance, std::uint16_t port) {
  auto const& profile = arguments.profile;
  std::vector<std::string> words{own_program(), "tunnel", "--verbose", instance, std::to_string(port)};
  if (!arguments.seconds.empty()) words.insert(words.end(), {"--max-tunnel-duration", arguments.seconds});
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

// The keys of instances, apart from those of the person's own hosts: there are ever more of them, and no id
// comes again. Nothing where there is no place to keep them: then they are among the others.
std::optional<std::string> known_instances() {
  auto variable = [](char const* name) {
    auto const* value = std::getenv(name);
    return io::Path(value == nullptr ? "" : value);
  };
  auto base = variable("XDG_STATE_HOME");
  if (base.empty() && !variable("HOME").empty()) base = variable("HOME") / ".local" / "state";
  auto directory = base / "fumidai";
  if (!base.is_absolute() || !io::make_directory(directory, 0700)) return {};
  return (directory / "known_hosts").string();
}

// One file of several in a setting of ssh's, which replaces what follows a percent sign.
std::string in_setting(std::string const& file) {
  std::string quoted = "\"";
  for (char each : file) quoted += each == '%' ? std::string("%%") : std::string(1, each);
  return quoted + "\"";
}

// Ours, the person's options, the host, and the person's command.
std::vector<std::string> ssh_words(SshWords const& said, std::string const& proxy,
                                   client::TunnelTarget const& way, std::optional<PassingKey> const& key) {
  auto const& host = way.name();
  std::vector<std::string> words{"ssh", "-l", said.user};
  auto add_option = [&](std::string option) { words.insert(words.end(), {"-o", std::move(option)}); };
  add_option("ProxyCommand=" + proxy);
  add_option("HostKeyAlias=" + host);
  // Others notice by themselves when they are cut off, and come back.
  bool ends_with_its_connection = !way.endpoints.empty() && !way.endpoints[0].is_resumable;
  if (ends_with_its_connection) add_option("ServerAliveInterval=5");
  if (key) {
    add_option("IdentitiesOnly=yes");
    words.insert(words.end(), {"-i", key->file().string()});
  }
  words.insert(words.end(), said.options.begin(), said.options.end());
  // Of an instance the plane knows by identity which host it is. Behind what the person said on the command
  // line, which counts first. A new key goes to the first of the files; all of them are believed.
  if (!way.instance.empty()) {
    add_option("StrictHostKeyChecking=accept-new");
    if (auto known = known_instances())
      add_option("UserKnownHostsFile=" + in_setting(*known) + " ~/.ssh/known_hosts ~/.ssh/known_hosts2");
  }
  words.push_back(host);
  words.insert(words.end(), said.command.begin(), said.command.end());
  return words;
}

// Told to end, it ends as ssh does, whose forwards nobody would own. Of a key press ssh hears twice, which is
// the same to it as once.
constexpr int kEndings[] = {SIGINT, SIGQUIT, SIGHUP, SIGTERM};
volatile pid_t ssh_process = 0;

void tell_ssh(int number) {
  ::kill(ssh_process, number);
}

// The key's files go when ssh has ended, and not before.
int wait_for_ssh(pid_t child, sigset_t const& unblocked) {
  ssh_process = child;
  for (int number : kEndings)
    if (::signal(number, tell_ssh) == SIG_IGN) ::signal(number, SIG_IGN);  // as behind nohup
  ::sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  int status = 0;
  ::waitpid(child, &status, 0);
  for (int number : kEndings) ::signal(number, SIG_IGN);
  return io::exit_code_of(status);
}

int run_ssh(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  sigset_t endings, unblocked;
  ::sigemptyset(&endings);
  for (int number : kEndings) ::sigaddset(&endings, number);
  ::sigprocmask(SIG_BLOCK, &endings, &unblocked);
  auto child = ::fork();
  if (child < 0) return 255;
  if (child > 0) return wait_for_ssh(child, unblocked);
  ::sigprocmask(SIG_SETMASK, &unblocked, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::execvp(arguments[0], arguments.data());
  std::perror("fumidai: cannot run ssh");
  ::_exit(255);
}

struct Way {
  client::TunnelTarget target;
  std::optional<PassingKey> key;  // pushed to the instance; none, for a host that is none
};

awaitable<Result<Way>> find_way(client::Plane& plane, SshWords const& said) {
  auto deadline = client::time_to_tell();
  CO_TRY(auto target, co_await client::find_tunnel(plane, said.host, deadline));
  if (target.instance.empty()) co_return Way{std::move(target), std::nullopt};
  CO_TRY(auto key, PassingKey::make());
  auto pushing = plane.call(
      "ec2-instance-connect", "AWSEC2InstanceConnectService.SendSSHPublicKey",
      {{"InstanceId", target.instance}, {"InstanceOSUser", said.user}, {"SSHPublicKey", key.line()}});
  CO_CHECK(co_await plane.until(deadline, std::move(pushing)));
  co_return Way{std::move(target), std::move(key)};
}

Result<Way> find_way(client::ProfileOptions const& profile, SshWords const& said) {
  asio::io_context loop(1);
  TRY(auto plane, make_plane(profile));
  return run_on_loop(loop, find_way(plane, said));
}

Result<int> run(std::vector<std::string> const& words) {
  TRY(auto said, parse_ssh_words(words));
  if (said.is_about_ssh) {
    said.options.insert(said.options.begin(), "ssh");
    return run_ssh(std::move(said.options));
  }
  SshArguments arguments{{said.own["--data-dir"], said.own["--profile"], {}, {}},
                         said.own["--max-tunnel-duration"]};
  CHECK(check_duration(arguments.seconds));
  if (said.user.empty()) said.user = kUser;
  TRY(auto way, find_way(arguments.profile, said));
  auto const& target = way.target;
  auto proxy = proxy_command(arguments, target.name(), said.port.value_or(kPort));
  return run_ssh(ssh_words(said, proxy, target, way.key));
}

}  // namespace

Run ssh_command(std::vector<std::string> words) {
  return [words = std::move(words)] { return run(words); };
}

void add_ssh_help(CLI::App& app) {
  struct Shown : ClientArguments {
    std::string seconds, target;
    std::vector<std::string> command;
  };
  auto shown = std::make_shared<Shown>();
  auto* ssh = app.add_subcommand(
      "ssh",
      "ssh to an instance through a connect endpoint or its agent, with a key that lives 60 seconds. "
      "ssh's own options may stand before the target or behind it. The "
      "user is ec2-user unless you say another; an instance that was not seen before is believed, "
      "and remembered in ~/.local/state/fumidai/known_hosts. Exits with the status of the command, or with "
      "255 when that was not reached, as ssh does");
  ssh->add_option("[USER@]TARGET", shown->target,
                  "Its id, its name, a tag KEY=VALUE that only one has, or the address of a host, for which "
                  "you need a key of your own")
      ->required();
  ssh->add_option("COMMAND", shown->command, "What to run there; without it a shell");
  ssh->add_option("--max-tunnel-duration", shown->seconds,
                  "Seconds after which a connection through an endpoint is closed (3600)");
  add_client_arguments(*ssh, *shown);
  ssh->callback([shown] {});  // as long as the options that refer to it
}

}  // namespace fumidai::app
