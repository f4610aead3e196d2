#include "lab/container.h"

#include <boost/json.hpp>

namespace fumidai::lab {

namespace json = boost::json;

namespace {

constexpr unsigned kCloneNewUser = 0x10000000;  // sched.h

json::array strings(std::vector<std::string> const& texts) {
  json::array array;
  for (auto const& text : texts) array.emplace_back(text);
  return array;
}

json::object mount(std::string const& at, std::string const& type, std::string const& source,
                   std::vector<std::string> const& options) {
  return {{"destination", at}, {"type", type}, {"source", source}, {"options", strings(options)}};
}

json::object bind(io::Path const& source, std::string const& at) {
  return mount(at, "bind", source.string(), {"bind", "ro", "nosuid", "nodev"});
}

json::array mounts(InstanceSpec const& spec) {
  json::array all;
  all.push_back(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  all.push_back(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "mode=755", "size=1m"}));
  all.push_back(mount("/dev/pts", "devpts", "devpts",
                      {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}));
  all.push_back(mount("/dev/shm", "tmpfs", "shm", {"nosuid", "nodev", "noexec", "mode=1777", "size=64m"}));
  all.push_back(mount("/run", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=755", "size=64m"}));
  all.push_back(mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777", "size=512m"}));
  all.push_back(bind(spec.directory / "sys", "/sys"));
  all.push_back(bind(spec.directory / "boot", kBootInside));
  all.push_back(bind(spec.init_program, kInitInside));
  if (!spec.keys_program.empty()) all.push_back(bind(spec.directory / kKeysProgram, kKeysInside));
  if (spec.agent) {
    for (auto const& file : spec.agent->files) all.push_back(bind(file.source, file.at));
  }
  return all;
}

// A new user namespace would give back every capability, within it: mounts, addresses, rules of its own. Keys
// of the kernel and its log belong to the host. clone3 hides its flags from filters; without it the C library
// uses clone.
json::object seccomp() {
  constexpr int kNotPermitted = 1, kNotImplemented = 38;
  json::object new_user{
      {"index", 0}, {"value", kCloneNewUser}, {"valueTwo", kCloneNewUser}, {"op", "SCMP_CMP_MASKED_EQ"}};
  json::array rules;
  rules.push_back(json::object{{"names", strings({"unshare", "clone"})},
                               {"action", "SCMP_ACT_ERRNO"},
                               {"errnoRet", kNotPermitted},
                               {"args", json::array{new_user}}});
  rules.push_back(
      {{"names", strings({"clone3"})}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", kNotImplemented}});
  rules.push_back(json::object{{"names", strings({"add_key", "request_key", "keyctl", "syslog", "bpf",
                                                  "perf_event_open", "userfaultfd", "io_uring_setup"})},
                               {"action", "SCMP_ACT_ERRNO"},
                               {"errnoRet", kNotPermitted}});
#if defined(__aarch64__)
  auto architectures = strings({"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"});
#else
  auto architectures = strings({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"});
#endif
  return {{"defaultAction", "SCMP_ACT_ALLOW"}, {"architectures", architectures}, {"syscalls", rules}};
}

json::object linux_part(InstanceSpec const& spec) {
  json::array namespaces;
  for (auto const* type : {"pid", "mount", "ipc", "uts"}) namespaces.push_back(json::object{{"type", type}});
  namespaces.push_back(json::object{{"type", "network"}, {"path", "/run/netns/" + spec.network_namespace}});
  return {{"namespaces", namespaces},
          {"maskedPaths",
           strings({"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                    "/proc/sched_debug", "/proc/scsi", "/proc/kmsg", "/proc/sysrq-trigger"})},
          {"readonlyPaths", strings({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"})},
          {"seccomp", seccomp()}};
}

json::object process(InstanceSpec const& spec) {
  std::vector<std::string> words = {kInitInside};
  std::vector<std::string> environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                          "HOME=/root", "LANG=C.UTF-8"};
  if (spec.agent) {
    words.insert(words.end(), spec.agent->command.begin(), spec.agent->command.end());
    environment.insert(environment.end(), spec.agent->environment.begin(), spec.agent->environment.end());
  }
  auto allowed = strings(capabilities());
  return {{"terminal", false},
          {"user", {{"uid", 0}, {"gid", 0}}},
          {"args", strings(words)},
          {"env", strings(environment)},
          {"cwd", "/"},
          // sudo and su are set-user-id programs.
          {"noNewPrivileges", false},
          {"capabilities",
           {{"bounding", allowed},
            {"effective", allowed},
            {"permitted", allowed},
            {"inheritable", json::array()},
            {"ambient", json::array()}}}};
}

}  // namespace

std::vector<std::string> const& capabilities() {
  static std::vector<std::string> const all = {
      "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",           "CAP_FSETID",     "CAP_KILL",
      "CAP_SETGID", "CAP_SETUID",       "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE"};
  return all;
}

std::string container_config(InstanceSpec const& spec) {
  return json::serialize(json::object{{"ociVersion", "1.0.2"},
                                      {"hostname", spec.hostname},
                                      {"root", {{"path", "root"}}},
                                      {"process", process(spec)},
                                      {"mounts", mounts(spec)},
                                      {"linux", linux_part(spec)}});
}

std::vector<std::string> container_command(InstanceSpec const& spec, io::Path const& crun) {
  auto const& at = spec.directory;
  return {crun.string(),
          "--root",
          (at / "crun").string(),
          "--log",
          (at / "crun.log").string(),
          "--cgroup-manager=disabled",
          "run",
          "--detach",
          "--bundle",
          at.string(),
          "--pid-file",
          (at / "pid").string(),
          "--preserve-fds",
          "1",
          spec.id.text()};
}

}  // namespace fumidai::lab
