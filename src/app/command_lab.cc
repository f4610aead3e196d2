// fumidai lab up | status | down

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <span>
#include <thread>

#include "app/client_command.h"
#include "app/commands.h"
#include "app/lab/key_file.h"
#include "app/lab/lab_driver.h"
#include "app/lab/lab_server.h"
#include "app/lab/program.h"
#include "base/bytes.h"
#include "base/random.h"
#include "lab/names.h"
#include "network/method.h"

namespace fumidai::app {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kServerStarts = 30s, kInstancesStart = 60s, kAgentsConnect = 60s;
// A lab that complains of the same for so long (it tries again each 5 s) will not come by waiting.
constexpr auto kComplaintLasts = 12s;

struct LabArguments {
  ServerConfig server;
  std::optional<std::string> label;  // as it was given
  bool json = false;

  DataDirectory directory() const {
    return {std::filesystem::absolute(server.data_directory).lexically_normal()};
  }
  LabConfig lab() const { return lab_config(server, directory()); }
  ClientArguments client() const {
    ClientArguments client;
    client.profile.data_directory = directory().root.string();
    client.is_patient = true;
    return client;
  }
  io::Path pid_file() const { return directory().root / "server.pid"; }
  io::Path log() const { return directory().root / "server.log"; }
  io::Path key(char const* name) const { return directory().lab() / "keys" / name; }
};

// A lab keeps its label as long as it is there.
Result<void> settle_label(LabArguments& arguments) {
  auto& label = arguments.server.lab_label;
  auto kept = io::read_file(arguments.lab().label_file(), 64);
  if (!kept) {
    label = arguments.label.value_or(label);
    return success();
  }
  label = *kept;
  if (arguments.label.value_or(label) == label) return success();
  auto directory = arguments.directory().root.string();
  return Error{Errc::conflict, "the lab of " + directory + " is called '" + printable(label, 32) +
                                   "', and not '" + printable(*arguments.label, 32) +
                                   "'. Leave --label out, or end it first: fumidai lab down --data-dir " +
                                   directory};
}

void say(std::string const& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

// ---- the server behind it

bool is_ready(LabArguments const& arguments) {
  auto there = io::exists(arguments.directory().endpoint());
  return there && *there && !io::FileLock::take(arguments.directory().lock());
}

// What counts when a server starts, and not later.
Options starting_options(LabArguments const& arguments) {
  auto const& server = arguments.server;
  auto full = [](std::string const& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
  };
  Options options;
  for (auto const& at : server.listen) options.emplace_back("--listen", at);
  if (!server.lab_image.empty()) options.emplace_back("--lab-image", full(server.lab_image));
  if (!server.lab_ssm_agent.empty()) options.emplace_back("--lab-ssm-agent", full(server.lab_ssm_agent));
  return options;
}

// In a session of its own: it goes on when we end.
pid_t start_server(LabArguments const& arguments) {
  auto const& server = arguments.server;
  std::vector<std::string> words{
      own_program(), "server",        "--lab", "--data-dir", arguments.directory().root.string(),
      "--lab-label", server.lab_label};
  for (auto const& [name, value] : starting_options(arguments)) words.insert(words.end(), {name, value});
  auto log = arguments.log();
  auto pid = ::fork();
  if (pid != 0) return pid;
  ::setsid();
  int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  std::vector<char*> arguments_of_program;
  for (auto& word : words) arguments_of_program.push_back(word.data());
  arguments_of_program.push_back(nullptr);
  ::execv(arguments_of_program[0], arguments_of_program.data());
  ::_exit(127);
}

std::string last_line(io::Path const& file) {
  auto text = io::read_file(file, 4 * 1024 * 1024);
  if (!text) return "";
  auto trimmed_text = std::string(trimmed(*text));
  return trimmed_text.substr(trimmed_text.rfind('\n') + 1);
}

Result<void> check_takes_no_more(LabArguments const& arguments) {
  auto wanted = starting_options(arguments);
  auto server = find_lab_server(arguments.pid_file(), arguments.directory());
  if (wanted.empty() || (server && was_started_with(*server, wanted))) return success();
  auto directory = arguments.directory().root.string();
  return Error{Errc::conflict,
               "a server runs with " + directory +
                   " already, and was not started with these --listen, --image or --ssm-agent, which count "
                   "only when one starts. Leave them out, or stop it first: fumidai lab down --data-dir " +
                   directory};
}

// With which `up` asks the instances: here, and in them.
constexpr std::pair<char const*, char const*> kAskers[] = {{"sbin/ip", "iproute2"},
                                                           {"usr/bin/ssh", "openssh-client"}};
constexpr std::pair<char const*, char const*> kAsked[] = {{"sbin/ip", "iproute2"}, {"usr/bin/curl", "curl"}};

Result<void> check_programs(io::Path const& root, std::span<std::pair<char const*, char const*> const> all) {
  for (auto const& [program, package] : all) {
    std::error_code ignored;
    auto path = root / program;  // a link in an image means a file of the image
    if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) continue;
    return Error{Errc::not_found, "`lab up` asks the instances with " + path.string() +
                                      ", which is not there; install Debian's package " + package};
  }
  return success();
}

Result<void> ensure_server(LabArguments const& arguments) {
  if (is_ready(arguments)) return check_takes_no_more(arguments);
  auto const& image = arguments.server.lab_image;
  CHECK(check_programs("/", kAskers));
  CHECK(arguments.lab().make_image());
  CHECK(check_programs(image.empty() ? "/" : image, kAsked));
  CHECK(LabDriver::check_able(arguments.lab()));
  auto pid = start_server(arguments);
  if (pid < 0) return system_error("start the server");
  CHECK(io::write_file(arguments.pid_file(), std::to_string(pid) + "\n", 0600));
  for (auto waited = 0ms; waited < kServerStarts; waited += 50ms) {
    if (is_ready(arguments)) return success();
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid)
      return Error{Errc::unavailable, "the server did not start: " + last_line(arguments.log()) +
                                          " (all of it: " + arguments.log().string() + ")"};
    std::this_thread::sleep_for(50ms);
  }
  return Error{Errc::deadline_exceeded,
               "the server was not ready within 30 s; see " + arguments.log().string()};
}

// ---- one command by each method

struct Reached {
  std::string method, command, result;
  std::optional<std::int64_t> milliseconds;  // nothing: not reached
};

// What only the instance itself can say: its id, from its metadata service, and the nonce of this run, which
// is on its link.
constexpr char const* kQuestion =
    "t=$(curl -s -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
    "http://169.254.169.254/latest/api/token); "
    "curl -s -m 5 -H \"X-aws-ec2-metadata-token: $t\" http://169.254.169.254/latest/meta-data/instance-id; "
    "echo; "
    "/sbin/ip -o link show eth0 | grep -o 'nonce-[0-9a-f]*'";

Result<void> mark(LabArguments const& arguments, json::value const& instance, std::string const& nonce) {
  auto space = lab::interface_space(arguments.lab().settings,
                                    network::InterfaceId(text_of(instance, "NetworkInterfaceId")));
  TRY(auto done, run_program({"/sbin/ip", "-n", space, "link", "set", "dev", "eth0", "alias", nonce}, 5s));
  if (done.status == 0) return success();
  return Error{Errc::system, "cannot mark " + text_of(instance, "InstanceId") + ": " + done.error};
}

// Of hosts that were made a moment ago nobody knows the keys yet.
std::vector<std::string> const kTrusting{"-F", "/dev/null",
                                         "-o", "StrictHostKeyChecking=no",
                                         "-o", "UserKnownHostsFile=/dev/null",
                                         "-o", "IdentitiesOnly=yes",
                                         "-o", "BatchMode=yes",
                                         "-o", "ConnectTimeout=10",
                                         "-o", "LogLevel=ERROR"};

std::vector<std::string> ssh_words(LabArguments const& arguments, std::string const& bastion,
                                   std::string const& host) {
  auto const& common = kTrusting;
  std::string jump = "ssh";
  for (auto const& word : common) jump += " " + word;
  jump += " -i " + in_proxy_command(arguments.key("bastion.pem").string()) + " -W %h:%p ec2-user@" + bastion;
  std::vector<std::string> words{"/usr/bin/ssh"};
  words.insert(words.end(), common.begin(), common.end());
  words.insert(words.end(), {"-o", "ProxyCommand=" + jump, "-i", arguments.key("private.pem").string(),
                             "ec2-user@" + host, kQuestion});
  return words;
}

// Doctor's word: the first that the method lacks. Empty when it lacks nothing that doctor knows of.
std::string obstacle_of(LabArguments const& arguments, std::string const& method, std::string const& id) {
  auto diagnosis = call_plane(arguments.client(), "fumidai", "Fumidai.Diagnose", {{"Target", id}});
  if (!diagnosis) return "";
  for (auto const& target : diagnosis->at("Targets").as_array()) {
    for (auto const& each : target.at("Methods").as_array()) {
      if (text_of(each, "Method") != method) continue;
      for (auto const& requirement : each.at("Requirements").as_array()) {
        if (text_of(requirement, "Standing") == "unmet")
          return text_of(requirement, "Need") + ": " + text_of(requirement, "Subject") + " " +
                 text_of(requirement, "Reason");
      }
    }
  }
  return "";
}

bool is_running(json::value const& instance) {
  return text_of(instance, "State") == "running";
}

Reached judge(LabArguments const& arguments, Reached reached, Result<Finished> const& done,
              std::string const& id, std::string const& nonce, std::chrono::milliseconds took) {
  bool is_it =
      done && done->output.find(id) != std::string::npos && done->output.find(nonce) != std::string::npos;
  if (is_it) {
    reached.result = id + " " + nonce;
    reached.milliseconds = took.count();
    return reached;
  }
  auto why = obstacle_of(arguments, reached.method, id);
  if (why.empty()) why = !done ? done.error().detail : !done->error.empty() ? done->error : done->output;
  reached.result = "NOT REACHED: " + printable(trimmed(why), 300);
  return reached;
}

// Runs the question on the instance by its method; of one that does not run, tells that it does not.
Result<Reached> reach(LabArguments const& arguments, json::value const& example, json::value const& instance,
                      std::string const& nonce) {
  Reached reached{text_of(instance, "Method"), "", "", {}};
  auto id = text_of(instance, "InstanceId"), host = text_of(instance, "PrivateIpAddress");
  auto bastion = text_of(example.at("Bastion"), "PublicIpAddress");
  std::vector<std::string> words;
  if (reached.method == network::to_string(network::Method::bastion)) {
    reached.command = "ssh -J ec2-user@" + bastion + " ec2-user@" + host;
    words = ssh_words(arguments, bastion, host);
  } else if (reached.method == network::to_string(network::Method::connect_endpoint)) {
    reached.command = "fumidai ssh " + id;
    words = {own_program(), "ssh", "--data-dir", arguments.directory().root.string(), id};
    words.insert(words.end(), kTrusting.begin(), kTrusting.end());
    words.push_back(kQuestion);
  } else {
    reached.command = "fumidai session start " + id;
    words = {own_program(), "session", "start", "--data-dir", arguments.directory().root.string(),
             "--no-input",  id,        "--",    "sh",         "-c",
             kQuestion};
  }
  if (!is_running(instance)) {
    Error not_tried{Errc::unavailable, id + " is " + text_of(instance, "State")};
    return judge(arguments, std::move(reached), not_tried, id, nonce, 0ms);
  }
  CHECK(mark(arguments, instance, nonce));
  auto began = std::chrono::steady_clock::now();
  auto done = run_program(std::move(words), 20s);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return judge(arguments, std::move(reached), done, id, nonce, took);
}

// All of the example, or what is missing of it. The keys are in their files before anything knows them:
// whatever happens then, who runs `up` again can still reach what was made.
Result<void> make_example(LabArguments const& arguments) {
  TRY(auto bastion, public_half_of(arguments.key("bastion.pem")));
  TRY(auto inner, public_half_of(arguments.key("private.pem")));
  CHECK(call_plane(arguments.client(), "fumidai", "Fumidai.MakeExample",
                   {{"BastionPublicKey", bastion}, {"InnerPublicKey", inner}}));
  return success();
}

bool sshd_answers(json::value const& instance) {
  auto const* answers = instance.as_object().if_contains("Answers");
  return answers != nullptr && answers->is_bool() && answers->as_bool();
}

// Whether its method may be tried, or a bastion be passed; of one that is stopped, or on its way to be, that
// is not to be waited for.
Result<bool> is_ready(ClientArguments const& client, json::value const& instance) {
  if (!is_running(instance)) return text_of(instance, "State") != "pending";
  auto is_by = [&](network::Method method) {
    return text_of(instance, "Method") == network::to_string(method);
  };
  json::object target{{"Target", text_of(instance, "InstanceId")}};
  if (is_by(network::Method::session_manager_endpoints) || is_by(network::Method::session_manager_nat)) {
    TRY(auto status, call_plane(client, "ssm", "AmazonSSM.GetConnectionStatus", std::move(target)));
    return text_of(status, "Status") == "connected";
  }
  if (!sshd_answers(instance)) return false;
  return !is_by(network::Method::connect_endpoint) ||
         call_plane(client, "fumidai", "Fumidai.FindTunnel", std::move(target));
}

Result<bool> are_ready(ClientArguments const& client, json::value const& example) {
  TRY(bool can_pass, is_ready(client, example.at("Bastion")));
  if (!can_pass) return false;
  for (auto const& instance : example.at("Instances").as_array()) {
    TRY(bool ready, is_ready(client, instance));
    if (!ready) return false;
  }
  return true;
}

// Asks until all of the example runs, and its agents are connected and its sshds answer; whoever is not there
// in the end is told by the table.
Result<json::value> wait_for_example(LabArguments const& arguments) {
  using Clock = std::chrono::steady_clock;
  auto client = arguments.client();
  auto began = Clock::now(), complains_since = began;
  std::string complaint;
  for (;;) {
    TRY(auto example, call_plane(client, "fumidai", "Fumidai.DescribeExample", {}));
    TRY(bool ready, are_ready(client, example));
    auto now = Clock::now();
    auto said = text_of(example, "Complaint");
    if (said != std::exchange(complaint, said)) complains_since = now;
    bool hopeless = !complaint.empty() && now - complains_since > kComplaintLasts;
    if (ready || hopeless || now - began > kInstancesStart + kAgentsConnect) return example;
    std::this_thread::sleep_for(200ms);
  }
}

void print_reached(std::vector<Reached> const& all) {
  std::vector<std::vector<std::string>> rows{{"METHOD", "COMMAND", "RESULT", "TIME TO CONNECT"}};
  for (auto const& [method, command, result, milliseconds] : all)
    rows.push_back({method, command, result, milliseconds ? std::to_string(*milliseconds) + " ms" : "-"});
  print_table(rows);
}

Result<int> run_up(LabArguments const& arguments) {
  if (::geteuid() != 0)
    return Error{Errc::denied, "a lab makes network namespaces and needs root; run it with sudo"};
  say("== The server, with a lab");
  CHECK(ensure_server(arguments));
  TRY(auto endpoint, io::read_file(arguments.directory().endpoint()));
  say("ready at " + std::string(trimmed(endpoint)));
  say("\n== Networks and instances, made by EC2's rules");
  CHECK(make_example(arguments));
  TRY(auto example, wait_for_example(arguments));
  TRY(auto drawn, call_plane(arguments.client(), "fumidai", "Fumidai.DrawNetworks", {}));
  std::fputs(text_of(drawn, "Drawing").c_str(), stdout);
  say("\n== One command on each private instance, by each method");
  auto nonce = "nonce-" + random_hex(16);
  std::vector<Reached> all;
  bool all_reached = true;
  for (auto const& instance : example.at("Instances").as_array()) {
    TRY(auto reached, reach(arguments, example, instance, nonce));
    all_reached = all_reached && reached.milliseconds.has_value();
    if (reached.milliseconds)
      CHECK(call_plane(arguments.client(), "fumidai", "Fumidai.RecordMeasurement",
                       {{"Method", reached.method}, {"Milliseconds", *reached.milliseconds}}));
    all.push_back(std::move(reached));
  }
  print_reached(all);
  say("The bastion's line needs two keys: ssh-add " + arguments.key("*.pem").string());
  auto complaint = text_of(example, "Complaint");
  if (!complaint.empty()) say("\nThe lab is not as it should be: " + printable(complaint, 400));
  auto directory = arguments.directory().root.string();
  if (!all_reached) say("\nNot all were reached. Why, tells: fumidai doctor --data-dir " + directory);
  return all_reached ? 0 : 1;
}

Result<int> run_status(LabArguments const& arguments) {
  TRY(auto drawn, call_plane(arguments.client(), "fumidai", "Fumidai.DrawNetworks", {}));
  auto drawing = text_of(drawn, "Drawing");
  if (arguments.json) {
    print_json(drawn);
  } else if (drawing.empty()) {
    say("there are no networks; make some with aws ec2 create-vpc, or an example with: fumidai lab up");
  } else {
    std::fputs(drawing.c_str(), stdout);
  }
  return 0;
}

Result<int> run_down(LabArguments const& arguments) {
  if (::geteuid() != 0) return Error{Errc::denied, "a lab is of root; run it with sudo"};
  auto server = [&] { return find_lab_server(arguments.pid_file(), arguments.directory()); };
  if (auto pid = server()) {
    ::kill(*pid, SIGTERM);
    for (auto waited = 0ms; waited < 20s && server() == pid; waited += 50ms)
      std::this_thread::sleep_for(50ms);
    if (server() == pid) ::kill(*pid, SIGKILL);
  }
  auto root = io::exists(arguments.directory().root);
  if (root && *root) {
    auto lock = io::FileLock::take(arguments.directory().lock());
    if (!lock && lock.error().code == Errc::conflict)
      return Error{Errc::conflict, "a server still runs with " + arguments.directory().root.string() +
                                       "; stop it first: it would build the lab again"};
  }
  auto was_there = io::exists(arguments.directory().lab());
  TRY(auto changes, tear_down_lab(arguments.lab()));
  io::remove_file(arguments.pid_file());
  if (changes.empty() && !(was_there && *was_there)) {
    say("there was no lab of " + arguments.directory().root.string());
  } else {
    say("the lab is gone (" + std::to_string(changes.size()) + " parts)");
  }
  return 0;
}

void add_lab_arguments(CLI::App& command, LabArguments& arguments) {
  command.add_option("--data-dir", arguments.server.data_directory, "Where the server keeps its data")
      ->envname("FUMIDAI_DATA_DIR")
      ->capture_default_str();
  command.add_option("--label", arguments.label, "What its namespaces and links are called by (default lab)");
}

// With arguments of its own: what the environment says of them would reach each command that shares them.
std::shared_ptr<LabArguments> add_subcommand(CLI::App& command, Run& run,
                                             Result<int> (*start)(LabArguments const&)) {
  auto arguments = std::make_shared<LabArguments>();
  add_lab_arguments(command, *arguments);
  command.callback([arguments, start, &run] {
    run = [arguments, start]() -> Result<int> {
      CHECK(settle_label(*arguments));
      return start(*arguments);
    };
  });
  return arguments;
}

}  // namespace

void add_lab_command(CLI::App& app, Run& run) {
  auto* lab = app.add_subcommand("lab", "Private networks on this machine, to try every method on");
  lab->require_subcommand(1);
  auto* up = lab->add_subcommand(
      "up",
      "Start a server with a lab, make the example or what is missing of it, and reach an instance by each "
      "method");
  auto upward = add_subcommand(*up, run, run_up);
  up->add_option("--listen", upward->server.listen, "ADDRESS:PORT of the server (default 127.0.0.1:8443)");
  up->add_option("--image", upward->server.lab_image,
                 "A folder with a root file system for the instances; otherwise this machine's programs");
  up->add_option("--ssm-agent", upward->server.lab_ssm_agent,
                 "A folder with amazon-ssm-agent, for the instances");
  auto* status = lab->add_subcommand("status", "Draw the networks");
  status->add_flag("--json", add_subcommand(*status, run, run_status)->json, "For programs");
  add_subcommand(*lab->add_subcommand("down", "End its instances and remove all that it made"), run,
                 run_down);
}

}  // namespace fumidai::app
