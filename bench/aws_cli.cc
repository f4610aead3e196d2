#include "aws_cli.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace fumidai::bench {

namespace {

void run_words(std::string const& command) {
  if (std::system(command.c_str()) != 0) fail("this failed: " + command);
}

// Put over the machine's own file, for this world.
void cover(io::Path const& ours, char const* theirs) {
  run_words("mount --bind " + ours.string() + " " + theirs);
}

}  // namespace

std::optional<AwsCli> AwsCli::find(char const* what) {
  auto const* program = std::getenv("FUMIDAI_TEST_AWS2");
  if (program != nullptr && *program != '\0') return AwsCli(program);
  std::printf("  %-48s skipped: FUMIDAI_TEST_AWS2 names no AWS CLI of 2.12 or newer\n", what);
  return {};
}

void AwsCli::learn(BenchPlane const& plane, std::string const& dns_name, std::string const& address) {
  auto const directory = plane.directory();
  auto const data = (directory / "data").string();
  environment_ = directory / "aws-environment";
  run_words(program("fumidai").string() + " env --data-dir " + data + " > " + environment_.string());
  auto authorities = directory / "authorities.crt", hosts = directory / "hosts",
       ssh_config = directory / "aws-ssh-config";
  char const* system_authorities = "/etc/ssl/certs/ca-certificates.crt";
  run_words(std::string("cat ") + system_authorities + " " + data + "/ca.pem > " + authorities.string());
  std::ofstream(hosts) << "127.0.0.1 localhost\n" << address << " " << dns_name << "\n";
  // The CLI passes no options to ssh, and nobody is there to say yes.
  std::ofstream(ssh_config) << "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n";
  cover(authorities, system_authorities);
  cover(hosts, "/etc/hosts");
  cover(ssh_config, "/etc/ssh/ssh_config");
}

std::string AwsCli::command(std::string const& words) const {
  auto folder = io::Path(program_).parent_path().string();
  // The tunnel's authorities are the system's.
  return ". " + environment_.string() + "; unset SSL_CERT_FILE; PATH=" + folder + ":$PATH exec " + program_ +
         " ec2-instance-connect " + words;
}

}  // namespace fumidai::bench
