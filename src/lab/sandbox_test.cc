#include "lab/sandbox.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "lab/test_instance.h"

namespace fumidai::lab {
namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TEST(Sandbox, an_instance_is_entered_with_its_key_and_is_what_it_was_asked_to_be) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto begun = SteadyClock::now();
  auto started = start_instance(instance.spec);
  ASSERT_TRUE(started) << started.error().detail;
  auto running = SteadyClock::now();
  ASSERT_TRUE(instance.answers()) << instance.console();
  auto answered = SteadyClock::now();
  auto in_ms = [&](auto time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time - begun).count();
  };
  std::printf("started after %ld ms, first ssh command done after %ld ms\n", in_ms(running), in_ms(answered));
  EXPECT_LT(in_ms(answered), 5'000);

  EXPECT_EQ(instance.ssh("hostname").output, "ip-10-0-1-5\n");
  EXPECT_EQ(instance.ssh("hostname -f").output, "ip-10-0-1-5.ec2.internal\n");
  EXPECT_EQ(instance.ssh("id -un; id -u").output, "ec2-user\n1000\n");
  EXPECT_EQ(instance.ssh("cat /sys/devices/virtual/dmi/id/board_asset_tag").output,
            instance.spec.id.text() + "\n");
  EXPECT_EQ(instance.ssh("cat /etc/resolv.conf").output,
            "nameserver 10.0.0.2\nsearch ec2.internal\noptions timeout:2\n");
  if (std::filesystem::exists("/usr/bin/sudo")) EXPECT_EQ(instance.ssh("sudo -n id -u").output, "0\n");
  EXPECT_EQ(instance.ssh("tty", "ec2-user", true).output, "/dev/pts/0\r\n");
  EXPECT_NE(instance.ssh("true", "root").status, 0) << "root has no way in";
  EXPECT_TRUE(is_running(instance.spec.directory));
  EXPECT_TRUE(std::ranges::count(instances_below(instance.directory.path()), instance.spec.directory));
  auto again = start_instance(instance.spec);
  EXPECT_EQ(again.error().code, Errc::conflict) << again.error().detail;
}

TEST(Sandbox, files_are_carried_in_and_out) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers()) << instance.console();
  auto there = (instance.directory / "there").string(), back = (instance.directory / "back").string();
  std::string content(1'000'000, 'x');
  ASSERT_TRUE(io::write_file(there, content));
  auto in = instance.scp(there, "ec2-user@10.0.1.5:file");
  EXPECT_EQ(in.status, 0) << in.output;
  auto out = instance.scp("ec2-user@10.0.1.5:file", back);
  EXPECT_EQ(out.status, 0) << out.output;
  EXPECT_EQ(*io::read_file(back), content);
}

TEST(Sandbox, what_is_written_stays_over_stop_and_start_and_user_data_runs_once) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  instance.spec.user_data = "#!/bin/sh\necho user data ran as $(id -un)\necho once >> /root/ran\n";
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.console_shows("user data ran as root")) << instance.console();
  ASSERT_TRUE(instance.answers());
  EXPECT_EQ(
      instance.ssh("echo kept > file; sudo -n touch /usr/bin/mine; cat /etc/ssh/*.pub > key; sync").status,
      0);
  auto begun = SteadyClock::now();
  auto stopped = stop_instance(instance.spec.directory);
  EXPECT_TRUE(stopped) << stopped.error().detail;
  std::printf("stopped after %ld ms\n",
              std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begun).count());
  EXPECT_FALSE(is_running(instance.spec.directory));
  EXPECT_NE(instance.console().find("stopped"), std::string::npos) << instance.console();
  EXPECT_TRUE(stop_instance(instance.spec.directory)) << "a stopped one is stopped";
  EXPECT_FALSE(std::filesystem::exists("/usr/bin/mine"));

  instance.spec.user_data = "#!/bin/sh\necho twice >> /root/ran\n";
  auto started = start_instance(instance.spec);
  ASSERT_TRUE(started) << started.error().detail;
  ASSERT_TRUE(instance.answers()) << instance.console();
  EXPECT_EQ(
      instance.ssh("cat file; ls /usr/bin/mine; cmp key /etc/ssh/*.pub && sudo -n cat /root/ran").output,
      "kept\n/usr/bin/mine\nonce\n");
  auto erased = erase_instance(instance.spec.directory);
  EXPECT_TRUE(erased) << erased.error().detail;
  EXPECT_FALSE(std::filesystem::exists(instance.spec.directory));
  EXPECT_FALSE(is_running(instance.spec.directory));
}

TEST(Sandbox, one_that_is_ended_from_within_says_so_until_it_starts_again) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  instance.ssh("sudo -n kill -TERM 1");
  for (int tries = 0; tries < 100 && is_running(instance.spec.directory); tries++)
    std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(shut_itself_down(instance.spec.directory));
  ASSERT_TRUE(start_instance(instance.spec));
  EXPECT_FALSE(shut_itself_down(instance.spec.directory));
  ASSERT_TRUE(stop_instance(instance.spec.directory));
  EXPECT_FALSE(shut_itself_down(instance.spec.directory)) << "somebody outside asked for it";
}

TEST(Sandbox, folders_within_folders_without_end_are_erased) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  instance.ssh("for i in $(seq 3000); do mkdir d && cd -P d || exit; done");
  rlimit before{}, few{256, 256};
  ::getrlimit(RLIMIT_NOFILE, &before);
  few.rlim_max = before.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &few);
  auto erased = erase_instance(instance.spec.directory);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(erased) << erased.error().detail;
  EXPECT_FALSE(std::filesystem::exists(instance.spec.directory));
}

TEST(Sandbox, an_instance_survives_whoever_started_it) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto starter = ::fork();
  if (starter == 0) {
    bool started = bool(start_instance(instance.spec));
    ::kill(::getpid(), started ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ::waitpid(starter, &status, 0);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_TRUE(is_running(instance.spec.directory));
  EXPECT_TRUE(first_process(instance.spec.directory));
  EXPECT_TRUE(instance.answers()) << instance.console();
  EXPECT_TRUE(stop_instance(instance.spec.directory));
  EXPECT_FALSE(is_running(instance.spec.directory));
}

TEST(Sandbox, a_starter_killed_at_any_moment_leaves_what_can_be_stopped_and_started) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  for (int delay = 0; delay < 60; delay += 6) {
    auto starter = ::fork();
    if (starter == 0) {
      ::setpgid(0, 0);
      ::_exit(start_instance(instance.spec) ? 0 : 1);
    }
    ::usleep(static_cast<useconds_t>(delay) * 1000);
    ::kill(starter, SIGKILL);
    ::waitpid(starter, nullptr, 0);
    auto stopped = stop_instance(instance.spec.directory);
    EXPECT_TRUE(stopped) << delay << " ms: " << stopped.error().detail;
    // The runtime may have been on its way.
    EXPECT_TRUE(wait_until(
        [&] { return stop_instance(instance.spec.directory) && !is_running(instance.spec.directory); }));
  }
  auto started = start_instance(instance.spec);
  ASSERT_TRUE(started) << started.error().detail;
  EXPECT_TRUE(instance.answers()) << instance.console();
}

TEST(Sandbox, instances_are_started_and_stopped_by_several_threads) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; number++) {
    auto spec = instance.spec;
    spec.id = InstanceId("i-0" + random_hex(16));
    spec.directory = instance.directory / ("instances/" + spec.id.text());
    threads.emplace_back([spec] {
      for (int round = 0; round < 5; round++) {
        auto started = start_instance(spec);
        EXPECT_TRUE(started) << started.error().detail;
        EXPECT_TRUE(is_running(spec.directory));
        auto begun = SteadyClock::now();
        auto stopped = stop_instance(spec.directory);
        EXPECT_TRUE(stopped) << stopped.error().detail;
        EXPECT_LT(SteadyClock::now() - begun, 5s) << "one that has only just begun hears it too";
        EXPECT_FALSE(is_running(spec.directory));
      }
      EXPECT_TRUE(erase_instance(spec.directory));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(instances_below(instance.directory / "instances").empty());
}

TEST(Sandbox, has_stopped_when_nothing_holds_its_lock_any_more) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  ASSERT_TRUE(start_instance(instance.spec));
  auto first = first_process(instance.spec.directory);
  ASSERT_TRUE(first);
  // As a process has it that another thread forked while the instance was started.
  int process = static_cast<int>(::syscall(SYS_pidfd_open, *first, 0));
  int lock = static_cast<int>(::syscall(SYS_pidfd_getfd, process, 3, 0));
  ASSERT_GE(lock, 0) << std::strerror(errno);
  std::thread holder([lock] {
    std::this_thread::sleep_for(500ms);
    ::close(lock);
  });
  auto begun = SteadyClock::now();
  EXPECT_TRUE(stop_instance(instance.spec.directory));
  EXPECT_GT(SteadyClock::now() - begun, 400ms) << "it was not its lock";
  EXPECT_FALSE(is_running(instance.spec.directory));
  holder.join();
  ::close(process);
}

TEST(Sandbox, the_console_keeps_the_end_of_what_was_printed) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  instance.spec.user_data = "#!/bin/sh\nseq 1 200000\necho the end\n";
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.console_shows("the end"));
  EXPECT_LE(instance.console().size(), 64u * 1024);
  EXPECT_NE(instance.console().find("200000"), std::string::npos);
  EXPECT_LE(std::filesystem::file_size(instance.spec.directory / "console"), 160u * 1024);
}

TEST(Sandbox, who_never_stops_writing_on_the_console_holds_nothing_up) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  instance.spec.user_data = "#!/bin/sh\nyes >/dev/console &\nyes >/dev/console &\n";
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  ASSERT_TRUE(instance.console_shows("y\ny\n"));
  EXPECT_EQ(instance.ssh("sudo -n pkill -o -x sshd; sleep 0.1").status, 0);
  EXPECT_TRUE(instance.answers()) << "its sshd was not started again";
  auto begun = SteadyClock::now();
  EXPECT_TRUE(stop_instance(instance.spec.directory));
  EXPECT_LT(SteadyClock::now() - begun, 5s);
  EXPECT_NE(instance.console().find("stopped"), std::string::npos) << "it was killed";
}

TEST(Sandbox, who_does_not_end_when_asked_is_ended_when_the_asking_is_over) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  instance.spec.user_data = "#!/bin/sh\ntrap '' TERM\nsleep 600 &\necho stubborn\n";
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.console_shows("stubborn"));
  auto begun = SteadyClock::now();
  StopPatience patience;
  patience.is_over = [&] { return SteadyClock::now() - begun > 500ms; };
  EXPECT_TRUE(stop_instance(instance.spec.directory, patience));
  EXPECT_LT(SteadyClock::now() - begun, 3s);
}

TEST(Sandbox, services_that_end_are_started_again) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  instance.spec.agent =
      AgentProgram{{}, {"/bin/sh", "-c", "echo agent in $REGION; exit 3"}, {"REGION=us-east-1"}};
  ASSERT_TRUE(start_instance(instance.spec));
  EXPECT_TRUE(instance.console_shows("agent in us-east-1"));
  EXPECT_TRUE(instance.console_shows("/bin/sh ended with status 3, starts again in 1 s"));
  EXPECT_TRUE(instance.console_shows("/bin/sh ended with status 3, starts again in 2 s"));
  ASSERT_TRUE(instance.answers());
  EXPECT_EQ(instance.ssh("sudo -n pkill -o -x sshd; sleep 0.1").status, 0);
  EXPECT_TRUE(instance.console_shows("/usr/sbin/sshd ended"));
  EXPECT_TRUE(instance.answers());
}

TEST(Sandbox, what_listens_for_others_is_seen_from_outside) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto const& directory = instance.spec.directory;
  EXPECT_FALSE(listens_on(directory, 22));
  ASSERT_TRUE(start_instance(instance.spec));
  EXPECT_TRUE(wait_until([&] { return listens_on(directory, 22); }));
  auto listen = [&](std::string const& address, std::string const& port) {
    return instance
        .ssh("sudo -n /usr/sbin/sshd -o PidFile=none -o ListenAddress=" + address + " -p " + port +
             "; until ss -ltn | grep -q :" + port + "; do sleep 0.05; done")
        .status;
  };
  ASSERT_EQ(listen("127.0.0.1", "2201"), 0);
  EXPECT_FALSE(listens_on(directory, 2201));
  ASSERT_EQ(listen("10.0.1.5", "2202"), 0);
  EXPECT_TRUE(listens_on(directory, 2202));
  ASSERT_EQ(listen("[::]", "2203"), 0);
  EXPECT_TRUE(listens_on(directory, 2203));
  ASSERT_TRUE(stop_instance(directory));
  EXPECT_FALSE(listens_on(directory, 22));
}

TEST(Sandbox, roots_are_trusted_by_the_programs_in_it) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto pem = "-----BEGIN CERTIFICATE-----\n" + random_hex(64) + "\n-----END CERTIFICATE-----\n";
  instance.spec.trusted_roots = {{"Fumidai_Test_Root", pem}};
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  EXPECT_EQ(instance.ssh("cat /etc/ssl/certs/Fumidai_Test_Root.pem").output, pem);
  EXPECT_TRUE(instance.ssh("cat /etc/ssl/certs/ca-certificates.crt").output.ends_with(pem));
}

TEST(Sandbox, an_instance_installs_a_package) {
  FUMIDAI_NEEDS_LAB();
  if (!std::filesystem::exists("/usr/bin/dpkg-deb")) GTEST_SKIP() << "skipped: no dpkg here";
  TestInstance instance;
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  auto made = instance.ssh(
      "mkdir -p p/DEBIAN p/usr/share/hello && echo hello > p/usr/share/hello/text && "
      "printf 'Package: hello-lab\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody "
      "<n@example.com>\\nDescription: x\\n' "
      "> p/DEBIAN/control && mkdir r && dpkg-deb -b --root-owner-group p r/hello-lab_1_all.deb && "
      "cd r && (dpkg-scanpackages . 2>/dev/null || (dpkg-deb -f *.deb; echo Filename: ./hello-lab_1_all.deb; "
      "echo Size: $(stat -c %s *.deb); echo SHA256: $(sha256sum *.deb | cut -d' ' -f1))) > Packages && "
      "sudo -n mv /home/ec2-user/r /srv/r && echo 'deb [trusted=yes] file:/srv/r ./' | sudo -n tee "
      "/etc/apt/sources.list && "
      "sudo -n apt-get update -q && sudo -n apt-get install -y -q hello-lab && cat /usr/share/hello/text");
  EXPECT_EQ(made.status, 0) << made.output;
  EXPECT_TRUE(made.output.ends_with("hello\n")) << made.output;
}

TEST(Sandbox, what_is_wrong_is_told_before_anything_is_made) {
  io::TestDirectory directory;
  InstanceSpec spec;
  spec.id = InstanceId("i-0123456789abcdef0");
  spec.network_namespace = "none", spec.directory = directory / "x";
  spec.layers = {{{"/"}, "/"}};
  spec.hostname = "h", spec.address = "10.0.0.1";
  EXPECT_TRUE(validate(spec)) << validate(spec).error().detail;
  auto refuses = [&](auto change) {
    auto wrong = spec;
    change(wrong);
    auto verdict = start_instance(wrong);
    return !verdict && verdict.error().code == Errc::invalid && !std::filesystem::exists(directory / "x");
  };
  EXPECT_TRUE(refuses([](auto& s) { s.id = InstanceId("mi-0123"); }));
  EXPECT_TRUE(refuses([](auto& s) { s.id = InstanceId("i-../../etc"); }));
  EXPECT_TRUE(refuses([](auto& s) { s.network_namespace = "../../proc/1/ns/net"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.hostname = "a b"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.hostname = "a\nb"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.domain = "x y"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.address = "10.0.0.1 evil"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.dns_server = "x"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.public_keys = {"ssh-ed25519 A\nssh-ed25519 B"}; }));
  EXPECT_TRUE(refuses([](auto& s) { s.trusted_roots = {{"../x", ""}}; }));
  EXPECT_TRUE(refuses([](auto& s) { s.directory = "relative"; }));
  EXPECT_TRUE(refuses([](auto& s) { s.layers = {{{"/a,b"}, "/"}}; }));
  EXPECT_TRUE(refuses([](auto& s) { s.layers.clear(); }));
}

TEST(Sandbox, a_machine_that_cannot_run_instances_is_told_why) {
  io::TestDirectory directory;
  if (::geteuid() != 0) {
    EXPECT_EQ(check_able(directory.path()).error().code, Errc::denied);
    return;
  }
  auto missing = check_able(directory.path(), {"/nonexistent/crun", "/usr/sbin/sshd"});
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().detail.find("apt-get install crun"), std::string::npos);
  auto able = check_able(directory / "a/b");
  if (able) EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "nothing is left";
  auto no_overlay = check_able("/proc/fumidai");
  if (able) EXPECT_EQ(no_overlay.error().code, Errc::unsupported) << no_overlay.error().detail;
}

TEST(Sandbox, a_start_that_fails_says_what_the_runtime_said) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto spec = instance.spec;
  spec.network_namespace = "fumidai-t-none";
  auto started = start_instance(spec);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().detail.find("fumidai-t-none"), std::string::npos) << started.error().detail;
  EXPECT_FALSE(is_running(spec.directory));
}

}  // namespace
}  // namespace fumidai::lab
