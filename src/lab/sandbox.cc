#include "lab/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/bytes.h"
#include "base/random.h"
#include "io/descriptor.h"
#include "io/process.h"
#include "lab/command.h"
#include "lab/container.h"

namespace fumidai::lab {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using io::Descriptor;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kConsoleShown = 64 * 1024;
constexpr auto kStartLimit = 20s, kEraseLimit = 120s;

// True when the process behind a pidfd has ended within the time.
bool ends_within(int process, std::chrono::milliseconds limit) {
  pollfd watched{process, POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(limit.count())) == 1;
}

int open_process(pid_t id) {
  return static_cast<int>(::syscall(SYS_pidfd_open, id, 0));
}

int send_signal(int process, int number) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, process, number, nullptr, 0));
}

// The lock that an instance holds as long as its first process lives: one of an open file description, which
// goes through fork and execve with its descriptor, and can be looked at without being taken.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Error: conflict.
Result<Descriptor> take_lock(io::Path const& directory) {
  auto path = directory / "lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error("open " + path.string());
  auto lock = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) {
    if (::ftruncate(file.get(), 0) != 0) return system_error("write " + path.string());
    return file;
  }
  if (errno != EAGAIN && errno != EACCES) return system_error("lock " + path.string());
  return Error{Errc::conflict, "the instance in " + directory.string() + " runs already"};
}

// What the forked child does, with everything that it needs made before: it may not allocate.
struct Mount {
  std::string target, options;
};

struct Launch {
  std::vector<Mount> mounts;
  std::vector<std::string> words;
  int lock, console, report;
  std::array<int, 3> kept;  // these, in order
};

// What could not be done, after the errno: the parent makes the sentence.
[[noreturn]] void fail_in_child(Launch const& launch, char const* what) {
  int failure = errno;
  [[maybe_unused]] auto told = ::write(launch.report, &failure, sizeof failure);
  told = ::write(launch.report, what, std::strlen(what));
  ::_exit(1);
}

// A mount is put on the folder itself, never on where a link that an instance left there leads.
void mount_overlay(Launch const& launch, Mount const& mount) {
  int folder = ::open(mount.target.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) fail_in_child(launch, mount.target.c_str());
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
  for (int attempt = 0;; attempt++) {
    if (::mount("overlay", path, "overlay", MS_NODEV, mount.options.c_str()) == 0) break;
    // The layers of an instance that has just ended are free a moment later.
    if (errno != EBUSY || attempt == 100) fail_in_child(launch, "mount an overlay");
    ::usleep(10'000);
  }
  ::close(folder);
}

// The locks of instances that other threads start now are not this child's to hold.
void close_what_is_not_ours(Launch const& launch) {
  int next = 3;
  for (int kept : launch.kept) {
    if (kept > next) ::close_range(static_cast<unsigned>(next), static_cast<unsigned>(kept) - 1, 0);
    next = kept + 1;
  }
  ::close_range(static_cast<unsigned>(next), ~0u, 0);
}

// The mounts belong to a mount namespace that only the instance keeps: they go when it does.
[[noreturn]] void launch_in_child(Launch const& launch, char* const* arguments) {
  ::setsid();
  close_what_is_not_ours(launch);
  if (::unshare(CLONE_NEWNS) != 0) fail_in_child(launch, "make a mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    fail_in_child(launch, "make mounts private");
  // crun looks at this place though it is told to use no cgroups, and refuses machines that have both
  // versions, or nothing there.
  ::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  for (auto const& mount : launch.mounts) mount_overlay(launch, mount);
  for (int number = 1; number < NSIG; number++) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0), ::dup2(launch.console, 1), ::dup2(launch.console, 2), ::dup2(launch.lock, 3);
  ::close_range(4, ~0u, CLOSE_RANGE_CLOEXEC);
  char* const environment[] = {const_cast<char*>("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nullptr};
  ::execve(arguments[0], arguments, environment);
  fail_in_child(launch, arguments[0]);
}

// What the child reported; nothing from one that became the runtime.
Result<void> read_report(int descriptor) {
  char report[512];
  auto count = ::read(descriptor, report, sizeof report);
  int failure = 0;
  if (count < static_cast<ssize_t>(sizeof failure)) return success();
  std::memcpy(&failure, report, sizeof failure);
  return system_error({report + sizeof failure, static_cast<std::size_t>(count) - sizeof failure}, failure);
}

Result<void> run_launch(Launch& launch) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe");
  Descriptor report(ends[0]);
  // Above those that the child gives new meanings.
  Descriptor told(::fcntl(ends[1], F_DUPFD_CLOEXEC, 10));
  ::close(ends[1]);
  launch.report = told.get();
  launch.kept = {launch.lock, launch.console, launch.report};
  std::sort(launch.kept.begin(), launch.kept.end());
  std::vector<char*> arguments;
  for (auto& word : launch.words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  auto child = ::fork();
  if (child < 0) return system_error("start a process");
  if (child == 0) launch_in_child(launch, arguments.data());
  { Descriptor closed(std::move(told)); }
  Descriptor process(open_process(child));
  bool ended = ends_within(process.get(), kStartLimit);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(read_report(ended ? report.get() : -1));
  if (!ended) return Error{Errc::deadline_exceeded, "the container runtime did not answer in time"};
  if (status != 0)
    return Error{Errc::system,
                 "the container runtime ended with " + std::to_string(io::exit_code_of(status))};
  return success();
}

// The folders that an overlay needs, in the instance's directory: one pair for each layer.
Result<Mount> prepare_layer(InstanceSpec const& spec, Layer const& layer) {
  auto name = layer.at == "/" ? "top" : layer.at.substr(1);
  auto upper = spec.directory / "written" / name / "upper", work = spec.directory / "written" / name / "work";
  CHECK(io::make_directory(upper, 0755));
  CHECK(io::make_directory(work, 0755));
  std::string lower;
  for (auto const& each : layer.lower) lower += (lower.empty() ? "" : ":") + each.string();
  auto target = (spec.directory / "root").string() + (layer.at == "/" ? "" : layer.at);
  return Mount{target, "lowerdir=" + lower + ",upperdir=" + upper.string() + ",workdir=" + work.string()};
}

Result<void> write_sys(InstanceSpec const& spec) {
  auto dmi = spec.directory / "sys/devices/virtual/dmi/id";
  CHECK(io::make_directory(dmi, 0755));
  // By which EC2 Instance Connect's scripts know that they are on an instance (ec2-instance-connect.md 2.3).
  return io::write_scratch_file(dmi / "board_asset_tag", spec.id.text() + "\n", 0444);
}

Result<void> write_boot_files(InstanceSpec const& spec) {
  auto boot = spec.directory / "boot";
  std::error_code ignored;
  fs::remove_all(boot, ignored);
  CHECK(io::make_directory(boot, 0700));
  CHECK(io::make_directory(boot / "etc", 0700));
  CHECK(io::make_directory(boot / "trust", 0700));
  auto full = spec.hostname + "." + spec.domain;
  CHECK(io::write_scratch_file(boot / "etc/hostname", spec.hostname + "\n", 0644));
  CHECK(io::write_scratch_file(boot / "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n" +
                                                       spec.address + " " + full + " " + spec.hostname +
                                                       "\n"));
  auto resolver = spec.dns_server.empty() ? "" : "nameserver " + spec.dns_server + "\n";
  CHECK(io::write_scratch_file(boot / "etc/resolv.conf",
                               resolver + "search " + spec.domain + "\noptions timeout:2\n"));
  std::string keys;
  for (auto const& key : spec.public_keys) keys += key + "\n";
  CHECK(io::write_scratch_file(boot / "authorized_keys", keys, 0600));
  CHECK(io::write_scratch_file(boot / "user-data", spec.user_data, 0600));
  for (auto const& root : spec.trusted_roots)
    CHECK(io::write_scratch_file(boot / "trust" / (root.name + ".pem"), root.pem, 0644));
  return success();
}

// sshd runs nothing that another than root could have written: not the file of whoever built it, but a copy.
Result<void> write_keys_program(InstanceSpec const& spec) {
  if (spec.keys_program.empty()) return success();
  TRY(auto program, io::read_file(spec.keys_program, 64 * 1024 * 1024));
  return io::write_scratch_file(spec.directory / kKeysProgram, program, 0755);
}

Result<std::vector<Mount>> prepare_directory(InstanceSpec const& spec) {
  std::error_code ignored;
  fs::remove(spec.directory / "pid", ignored);
  fs::remove(spec.directory / "crun.log", ignored);
  fs::remove_all(spec.directory / "crun", ignored);
  CHECK(io::make_directory(spec.directory / "root", 0755));
  CHECK(write_sys(spec));
  CHECK(write_boot_files(spec));
  CHECK(write_keys_program(spec));
  CHECK(io::write_scratch_file(spec.directory / "config.json", container_config(spec), 0600));
  std::vector<Mount> mounts;
  for (auto const& layer : spec.layers) {
    TRY(auto mount, prepare_layer(spec, layer));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

// The runtime's own words, which are JSON lines or text; the last one tells.
std::string last_words(io::Path const& log) {
  auto text = io::read_file(log, 64 * 1024);
  if (!text) return "";
  auto trimmed_text = trimmed(*text);
  auto begin = trimmed_text.rfind('\n');
  return escaped(begin == trimmed_text.npos ? trimmed_text : trimmed_text.substr(begin + 1), 400);
}

}  // namespace

Result<void> start_instance(InstanceSpec const& spec, HostPrograms const& programs) {
  CHECK(validate(spec));
  CHECK(io::make_directory(spec.directory, 0700));
  TRY(auto lock, take_lock(spec.directory));
  TRY(auto mounts, prepare_directory(spec));
  auto console_path = spec.directory / "console";
  Descriptor console(::open(console_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!console.valid()) return system_error("open " + console_path.string());
  // Above the numbers that the child gives new meanings.
  Descriptor high_lock(::fcntl(lock.get(), F_DUPFD_CLOEXEC, 10));
  Descriptor high_console(::fcntl(console.get(), F_DUPFD_CLOEXEC, 10));
  Launch launch{std::move(mounts), container_command(spec, programs.crun), high_lock.get(),
                high_console.get(), -1};
  auto started = run_launch(launch);
  if (started) return success();
  // What the runtime had begun holds the lock as well, until it has ended.
  { Descriptor closed(std::move(lock)), too(std::move(high_lock)); }
  for (auto end = SteadyClock::now() + 2s; is_running(spec.directory) && SteadyClock::now() < end;)
    std::this_thread::sleep_for(5ms);
  auto why = last_words(spec.directory / "crun.log");
  return Error{started.error().code, "the instance " + spec.id.text() + " does not start: " +
                                         started.error().detail + (why.empty() ? "" : ": " + why)};
}

bool is_running(io::Path const& directory) {
  Descriptor file(::open((directory / "lock").c_str(), O_RDWR | O_CLOEXEC));
  auto lock = whole_file();
  return file.valid() && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool shut_itself_down(io::Path const& directory) {
  auto said = io::read_file(directory / "lock", 64);
  return said && !said->empty() && !is_running(directory);
}

void forget_last_end(io::Path const& directory) {
  std::error_code ignored;
  if (!is_running(directory)) fs::resize_file(directory / "lock", 0, ignored);
}

std::vector<io::Path> instances_below(io::Path const& parent) {
  std::vector<io::Path> all;
  std::error_code failure;
  std::error_code ended;
  for (fs::directory_iterator at(parent, ended), end; !ended && at != end; at.increment(ended))
    if (at->is_directory(failure)) all.push_back(at->path());
  return all;
}

Result<pid_t> first_process(io::Path const& directory) {
  Error none{Errc::not_found, "the instance in " + directory.string() + " does not run"};
  auto text = io::read_file(directory / "pid", 64);
  if (!text || !is_running(directory)) return none;
  pid_t id = 0;
  std::from_chars(text->data(), text->data() + text->size(), id);
  if (id <= 1) return none;
  return id;
}

Result<std::set<std::string>> programs_of(io::Path const& directory) {
  TRY(auto first, first_process(directory));
  std::error_code gone;
  auto numbers_of = [&gone](io::Path const& process) { return fs::read_symlink(process / "ns/pid", gone); };
  auto numbers = numbers_of("/proc/" + std::to_string(first));
  std::set<std::string> programs;
  for (auto const& process : fs::directory_iterator("/proc", gone)) {
    auto name = process.path().filename().string();
    bool is_number = name.find_first_not_of("0123456789") == name.npos;
    if (!is_number || numbers_of(process.path()) != numbers) continue;
    auto program = fs::read_symlink(process.path() / "exe", gone);
    auto file = program.filename().string();
    constexpr std::string_view kReplaced = " (deleted)";  // by a newer one, on disk
    if (file.ends_with(kReplaced)) file.resize(file.size() - kReplaced.size());
    if (!gone) programs.insert(std::move(file));
  }
  return programs;
}

namespace {

// In proc(5)'s table of TCP sockets, which begins with those that listen.
bool has_listener(io::Path const& table, std::uint16_t port) {
  constexpr unsigned kListening = 0x0a;
  std::ifstream rows(table);
  std::string row;
  std::getline(rows, row);
  while (std::getline(rows, row)) {
    char address[33] = "";
    unsigned at = 0, state = 0;
    int read = std::sscanf(row.c_str(), " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x", address, &at, &state);
    if (read != 3 || state != kListening) return false;
    std::string_view from = address;
    bool is_loopback = from == "0100007F" || from == "00000000000000000000000001000000";
    if (at == port && !is_loopback) return true;
  }
  return false;
}

}  // namespace

bool listens_on(io::Path const& directory, std::uint16_t port) {
  auto first = first_process(directory);
  if (!first) return false;
  auto network = io::Path("/proc") / std::to_string(*first) / "net";
  return has_listener(network / "tcp", port) || has_listener(network / "tcp6", port);
}

namespace {

// A handle on the first process that stays right even if its number is given to another one. Invalid when the
// instance has ended.
Descriptor open_first_process(io::Path const& directory) {
  auto id = first_process(directory);
  if (!id) return Descriptor();
  Descriptor process(open_process(*id));
  // It holds its lock now: so the number was still its own when it was opened.
  return is_running(directory) ? std::move(process) : Descriptor();
}

// Asked again and again: a first process that has only just begun does not hear it yet.
bool ends_when_asked(int process, StopPatience const& patience) {
  auto deadline = SteadyClock::now() + patience.asked;
  while (SteadyClock::now() < deadline && !(patience.is_over && patience.is_over())) {
    send_signal(process, SIGTERM);
    if (ends_within(process, 100ms)) return true;
  }
  return false;
}

bool ends(int process, StopPatience const& patience) {
  if (ends_when_asked(process, patience)) return true;
  send_signal(process, SIGKILL);
  return ends_within(process, patience.killed);
}

}  // namespace

Result<void> stop_instance(io::Path const& directory, StopPatience patience) {
  auto deadline = SteadyClock::now() + patience.killed;
  for (bool has_ended = false; is_running(directory); std::this_thread::sleep_for(5ms)) {
    // One that is just being started, by a plane that died perhaps, is known soon, or ends by itself.
    auto process = has_ended ? Descriptor() : open_first_process(directory);
    if (process.valid()) {
      has_ended = ends(process.get(), patience);
      // A child that another thread forked has its lock until it has closed what is not its own.
      deadline = SteadyClock::now() + (has_ended ? patience.killed : 0ms);
    }
    if (SteadyClock::now() > deadline)
      return Error{Errc::deadline_exceeded, "the instance in " + directory.string() + " does not end"};
  }
  return success();
}

Result<std::string> console_output(io::Path const& directory) {
  TRY(auto is_there, io::exists(directory / "console"));
  if (!is_there) return std::string();
  Descriptor file(::open((directory / "console").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error("open the console of " + directory.string());
  auto size = ::lseek(file.get(), 0, SEEK_END);
  std::string text(kConsoleShown, '\0');
  auto count = ::pread(file.get(), text.data(), text.size(),
                       std::max<off_t>(0, size - static_cast<off_t>(text.size())));
  if (count < 0) return system_error("read the console of " + directory.string());
  text.resize(static_cast<std::size_t>(count));
  return text;
}

Result<void> erase_instance(io::Path const& directory) {
  CHECK(stop_instance(directory, {0ms, 5s}));
  // By a program: folders within folders, as many as an instance likes, would take as many descriptors of
  // ours.
  return run_command({"/bin/rm", "-rf", "--one-file-system", "--", directory.string()}, kEraseLimit);
}

namespace {

io::Path nearest_existing(io::Path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path())
    path = path.parent_path();
  return path;
}

// Tried in a process of its own, whose mounts go with it.
bool can_mount_overlay(io::Path const& scratch) {
  for (auto const* name : {"lower", "upper", "work", "root"})
    if (!io::make_directory(scratch / name, 0700)) return false;
  auto at = [&](char const* name) { return (scratch / name).string(); };
  auto options = "lowerdir=" + at("lower") + ",upperdir=" + at("upper") + ",workdir=" + at("work");
  auto target = at("root");
  auto child = ::fork();
  if (child == 0) {
    bool able = ::unshare(CLONE_NEWNS) == 0 &&
                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("overlay", target.c_str(), "overlay", MS_NODEV, options.c_str()) == 0;
    ::_exit(able ? 0 : 1);
  }
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

Result<void> check_able(io::Path const& directory, HostPrograms const& programs) {
  if (::geteuid() != 0) {
    return Error{
        Errc::denied,
        "the lab makes namespaces and mounts, which only root may; run it as root, for example with sudo"};
  }
  for (auto const& [program, package] :
       {std::pair(programs.crun, "crun"), std::pair(programs.sshd, "openssh-server")}) {
    TRY(auto is_there, io::exists(program));
    if (!is_there) {
      return Error{Errc::not_found, "the lab needs " + program.string() +
                                        ", which is not here; run: apt-get install " + package};
    }
  }
  auto scratch = nearest_existing(fs::absolute(directory)) / (".fumidai-overlay-" + random_hex(16));
  bool able = can_mount_overlay(scratch);
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  if (able) return success();
  return Error{Errc::unsupported,
               "overlay file systems do not work in " + directory.string() +
                   ": it may be on an overlay itself, or the kernel has none; choose a directory on "
                   "ext4, xfs or tmpfs"};
}

}  // namespace fumidai::lab
