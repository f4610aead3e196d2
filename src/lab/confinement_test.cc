// What root of an instance, and its users, cannot do to the host. This tests that the lab keeps accidents in;
// it is no proof of a security boundary (docs/lab.md).

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "base/digest.h"
#include "lab/container.h"
#include "lab/test_instance.h"

namespace fumidai::lab {
namespace {

std::string const kSecret = "secret-" + random_hex(32);

// Each line of output is "yes NAME" where something worked; what must not work is tried by root.
constexpr char const* kTries = R"END(#!/bin/bash
try() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "yes $name"; else echo "no $name"; fi; }
write() { echo "$1" > "$2"; }
one_exists() { for each in "$@"; do test -e "$each" && return; done; return 1; }
try this-test one_exists /nowhere /dev/null
try read-secret grep -rqs SECRET /root /home /srv /opt /mnt /media /var /tmp /run /etc /boot /data
try see-directory test -e DIRECTORY
try see-home test -e HOME_OF_HOST
try mount-tmpfs mount -t tmpfs none /mnt
try mount-bind mount --bind /usr /mnt
try mount-proc mount -t proc none /mnt
try mount-sys mount -t sysfs none /mnt
try remount mount -o remount,rw /sys
try unmount umount /sys
try user-namespace unshare --user true
try user-namespace-mount unshare --user --map-root-user --mount mount -t tmpfs none /mnt
try mount-namespace unshare --mount true
try net-namespace unshare --net true
try enter-namespace nsenter --target 1 --mount true
try make-device mknod /tmp/device b 8 0
try make-null mknod /tmp/null c 1 3
try add-address ip addr add 10.0.1.99/24 dev eth0
try remove-address ip addr flush dev eth0
try link-down ip link set eth0 down
try add-route ip route add 192.0.2.0/24 via 10.0.1.1
try list-rules nft list ruleset
try flush-rules nft flush ruleset
try add-table nft add table inet mine
try packet-socket python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'
try set-time date -s @0
try kernel-log dmesg
try core-pattern write x /proc/sys/kernel/core_pattern
try forward write 1 /proc/sys/net/ipv4/ip_forward
try sysrq write h /proc/sysrq-trigger
try kernel-memory head -c 1 /proc/kcore
try load-module modprobe dummy
try set-hostname hostname evil
try see-host-process test -e /proc/HOST_PROCESS/cmdline
try signal-host-process kill -0 HOST_PROCESS
try write-sys write x /sys/devices/virtual/dmi/id/board_asset_tag
try write-init write x /run/fumidai/init
try disk one_exists /dev/sda /dev/vda /dev/nvme0n1 /dev/mem /dev/kmsg
echo "processes $(ls -d /proc/[0-9]* | wc -l)"
echo "capabilities $(grep CapBnd /proc/self/status | cut -f2)"
echo "passwords $(cut -d: -f2 /etc/shadow | sort -u | tr -d '\n')"
echo "home $(ls -A /home | tr '\n' ' ')root $(ls -A /root | tr '\n' ' ')"
echo "key $(sha256sum /etc/ssh/ssh_host_ed25519_key | cut -d' ' -f1)"
echo changed > /usr/bin/env.changed; rm /usr/bin/env; touch /etc/mine
echo "tries are over"
)END";

std::string replaced(std::string text, std::string const& from, std::string const& to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string rest_of_line(std::string const& text, std::string const& start) {
  auto at = text.find(start);
  if (at == text.npos) return "(none)";
  at += start.size();
  return text.substr(at, text.find('\n', at) - at);
}

TEST(Confinement, root_of_an_instance_reaches_nothing_of_the_host) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  ASSERT_TRUE(io::write_file(instance.directory / "secret", kSecret));
  auto script = replaced(kTries, "SECRET", kSecret);
  script = replaced(script, "DIRECTORY", instance.directory.path().string());
  script = replaced(script, "HOST_PROCESS", std::to_string(::getpid()));
  script = replaced(script, "HOME_OF_HOST", std::filesystem::current_path().string());
  // Instances write their own user data to /var/lib/cloud: the secret is searched for by its second half.
  script = replaced(script, kSecret, kSecret.substr(0, 20) + "''" + kSecret.substr(20));
  instance.spec.user_data = script;
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.console_shows("tries are over")) << instance.console();
  auto console = instance.console();
  EXPECT_NE(console.find("no mount-tmpfs"), console.npos) << console;
  EXPECT_EQ(console.find("yes "), console.find("yes this-test")) << console;
  EXPECT_EQ(console.rfind("yes "), console.find("yes this-test")) << console;

  // init, sshd, this script and what it runs.
  EXPECT_LE(std::stoi(rest_of_line(console, "processes ")), 8) << console;
  EXPECT_EQ(rest_of_line(console, "capabilities "), "00000000200404fb") << "only those of capabilities()";
  EXPECT_EQ(rest_of_line(console, "passwords "), "*") << "no password of anybody is known";
  EXPECT_EQ(rest_of_line(console, "home "), "ec2-user ssm-user root ");
  if (auto key = io::read_file("/etc/ssh/ssh_host_ed25519_key"))
    EXPECT_NE(rest_of_line(console, "key "), sha256_hex(*key));
  EXPECT_TRUE(std::filesystem::exists("/usr/bin/env"));
  EXPECT_FALSE(std::filesystem::exists("/usr/bin/env.changed"));
  EXPECT_FALSE(std::filesystem::exists("/etc/mine"));
}

TEST(Confinement, a_link_that_an_instance_leaves_behind_leads_the_host_nowhere) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto outside = instance.directory / "outside";
  ASSERT_TRUE(io::make_directory(outside));
  instance.spec.user_data = "#!/bin/bash\nrm -rf /etc/hosts /etc/hostname /home /var/lib/cloud\nmkdir -p " +
                            outside.string() + "\nln -s " + outside.string() + "/hosts /etc/hosts\nln -s " +
                            outside.string() + " /home\nln -s " + outside.string() +
                            " /var/lib/cloud\necho done\n";
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.console_shows("done"));
  ASSERT_TRUE(stop_instance(instance.spec.directory));
  auto started = start_instance(instance.spec);
  ASSERT_TRUE(started) << started.error().detail;
  EXPECT_TRUE(instance.console_shows("Server listening on 0.0.0.0"));
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST(Confinement, users_of_an_instance_have_no_more_than_root) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  for (auto const* command :
       {"unshare -U true", "unshare -Ur mount -t tmpfs none /mnt", "cat /etc/shadow",
        "cat /run/fumidai/boot/user-data", "cat /etc/ssh/ssh_host_ed25519_key", "ls /root"}) {
    EXPECT_NE(instance.ssh(command).status, 0) << command;
  }
}

TEST(Confinement, the_container_is_described_as_the_runtime_wants_it) {
  InstanceSpec spec;
  spec.id = InstanceId("i-0123456789abcdef0");
  spec.network_namespace = "lab-1", spec.directory = "/lab/i-0123456789abcdef0";
  spec.init_program = "/opt/init", spec.hostname = "ip-10-0-1-5";
  spec.agent = our_agent("/opt/agent", "/opt/session", "us-east-1; rm -rf /");
  EXPECT_EQ(container_command(spec, "/usr/bin/crun"),
            (std::vector<std::string>{"/usr/bin/crun", "--root", "/lab/i-0123456789abcdef0/crun", "--log",
                                      "/lab/i-0123456789abcdef0/crun.log", "--cgroup-manager=disabled", "run",
                                      "--detach", "--bundle", "/lab/i-0123456789abcdef0", "--pid-file",
                                      "/lab/i-0123456789abcdef0/pid", "--preserve-fds", "1",
                                      "i-0123456789abcdef0"}));
  auto config = boost::json::parse(container_config(spec)).as_object();
  EXPECT_EQ(config["hostname"], "ip-10-0-1-5");
  auto& process = config["process"].as_object();
  EXPECT_EQ(process["args"],
            boost::json::parse(R"(["/run/fumidai/init", "/usr/bin/fumidai-agent", "run", "--ec2"])"));
  EXPECT_EQ(process["env"].as_array().back(), "AWS_REGION=us-east-1; rm -rf /") << "a value, and no more";
  std::set<std::string> namespaces;
  for (auto const& each : config["linux"].as_object()["namespaces"].as_array())
    namespaces.insert(std::string(each.at("type").as_string()));
  EXPECT_EQ(namespaces, (std::set<std::string>{"pid", "mount", "ipc", "uts", "network"}))
      << "and no user namespace";
  for (std::string wrong : {"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_PTRACE", "CAP_MKNOD",
                            "CAP_SYS_MODULE", "CAP_DAC_READ_SEARCH", "CAP_SYS_BOOT", "CAP_SYS_TIME"}) {
    EXPECT_EQ(std::count(capabilities().begin(), capabilities().end(), wrong), 0) << wrong;
  }
  // Of the host an instance sees these, read-only.
  std::set<std::string> bound;
  for (auto const& each : config["mounts"].as_array()) {
    if (each.at("type") != "bind") continue;
    bound.insert(std::string(each.at("source").as_string()));
    auto const& options = each.at("options").as_array();
    EXPECT_NE(std::find(options.begin(), options.end(), "ro"), options.end());
  }
  EXPECT_EQ(bound, (std::set<std::string>{"/lab/i-0123456789abcdef0/sys", "/lab/i-0123456789abcdef0/boot",
                                          "/opt/init", "/opt/agent", "/opt/session"}));
}

}  // namespace
}  // namespace fumidai::lab
