#include "lab/image.h"

#include <gtest/gtest.h>

#include "lab/skeleton.h"
#include "lab/test_instance.h"

namespace fumidai::lab {
namespace {

TEST(Image, this_machine_is_one_and_is_called_the_same_each_time) {
  auto image = machine_image();
  EXPECT_EQ(image.id, machine_image().id);
  EXPECT_TRUE(image.id.starts_with("ami-"));
  EXPECT_EQ(image.id.size(), 21u);
  EXPECT_TRUE(image.name.starts_with("fumidai/")) << image.name;
  EXPECT_TRUE(image.architecture == "x86_64" || image.architecture == "arm64");
  EXPECT_GT(image.created, Time());
}

TEST(Image, a_directory_without_an_sshd_is_none) {
  io::TestDirectory directory;
  EXPECT_EQ(directory_image(directory / "nothing").error().code, Errc::invalid);
  auto none = directory_image(directory.path());
  EXPECT_EQ(none.error().code, Errc::invalid);
  EXPECT_NE(none.error().detail.find("sshd"), std::string::npos);
}

TEST(Image, our_users_are_added_where_they_are_missing) {
  auto passwd = with_our_users("root:x:0:0:root:/root:/bin/sh\nssm-user:x:77:77::/h:/bin/sh", "passwd");
  EXPECT_NE(passwd.find("\nec2-user:x:1000:1000:EC2 Default User:/home/ec2-user:/bin/bash\n"), passwd.npos)
      << passwd;
  EXPECT_EQ(passwd.find("ssm-user:x:1001"), passwd.npos) << "the image's own stays";
  EXPECT_EQ(passwd, with_our_users(passwd, "passwd"));
  auto group = with_our_users("root:x:0:\nsudo:x:27:admin\nusers:x:100:\n", "group");
  EXPECT_NE(group.find("\nsudo:x:27:admin,ec2-user,ssm-user\n"), group.npos) << group;
  EXPECT_EQ(group, with_our_users(group, "group"));
  EXPECT_NE(with_our_users("", "group").find("sudo:x:27:ec2-user,ssm-user\n"), std::string::npos);
  EXPECT_NE(with_our_users("", "shadow").find("ec2-user:*:"), std::string::npos) << "no password opens it";
}

TEST(Image, what_not_all_may_read_is_not_copied) {
  io::TestDirectory directory;
  auto from = directory / "from", to = directory / "to";
  ASSERT_TRUE(io::make_directory(from));
  ASSERT_TRUE(io::write_file(from / "public.pem", "certificate", 0644));
  ASSERT_TRUE(io::write_file(from / "private.pem", "key", 0640));
  std::filesystem::create_symlink("private.pem", from / "link.pem");
  ASSERT_TRUE(copy_public_folder(from, to));
  EXPECT_EQ(*io::read_file(to / "public.pem"), "certificate");
  EXPECT_FALSE(std::filesystem::exists(to / "private.pem"));
  EXPECT_FALSE(std::filesystem::is_symlink(to / "link.pem"));
}

TEST(Image, the_skeleton_is_readable_for_all_whatever_the_umask_is_and_has_no_password) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped: it gives files to users, which needs root";
  io::TestDirectory directory;
  auto before = ::umask(077);
  auto layers = prepare_image(machine_image(), directory / "images");
  ::umask(before);
  ASSERT_TRUE(layers) << layers.error().detail;
  ASSERT_GE(layers->size(), 2u);
  EXPECT_EQ((*layers)[1].at, "/usr");
  auto root = (*layers)[0].lower[0];
  for (auto const* path : {"", "etc", "etc/ssh", "etc/pam.d", "etc/ssl/certs", "var/lib/dpkg", "home", "var"})
    EXPECT_EQ(io::mode_of(root / path), 0755) << path;
  EXPECT_EQ(io::mode_of(root / "etc/passwd"), 0644);
  EXPECT_EQ(io::mode_of(root / "etc/shadow"), 0600);
  EXPECT_EQ(io::mode_of(root / "etc/sudoers"), 0440);
  EXPECT_EQ(io::mode_of(root / "home/ec2-user"), 0700);
  EXPECT_EQ(io::mode_of(root / "tmp"), 01777);
  auto shadow = *io::read_file(root / "etc/shadow");
  EXPECT_EQ(shadow.find('$'), shadow.npos);
  EXPECT_FALSE(std::filesystem::exists(root / "etc/ssh/ssh_host_ed25519_key"));
  EXPECT_FALSE(std::filesystem::exists(root / "etc/ssl/private"));
  auto again = prepare_image(machine_image(), directory / "images");
  EXPECT_EQ((*again)[0].lower, (*layers)[0].lower);
}

// A root file system with little more than an sshd: the programs, and the libraries that they name.
constexpr char const* kMakeDirectory = R"END(
set -e
root=$1
programs="/usr/sbin/sshd /usr/bin/ssh-keygen /usr/bin/sh /usr/bin/bash /usr/bin/id /usr/bin/cat"
modules=$(ls /usr/lib/*-linux-gnu/security/pam_unix.so /usr/lib/*-linux-gnu/security/pam_env.so)
mkdir -p $root/usr $root/etc $root/proc $root/sys $root/dev $root/run $root/tmp $root/root $root/var
for link in bin sbin lib lib64; do ln -s usr/$link $root/$link; done
for file in $programs $modules $(ldd $programs $modules | sed -n 's/^[^/]*\(\/[^ ]*\) (.*/\1/p' | sort -u); do
  file=$(readlink -f $(dirname $file))/$(basename $file)
  mkdir -p $root$(dirname $file)
  cp -L $file $root$file
done
printf 'root:x:0:0:root:/root:/bin/sh\nsshd:x:99:99::/run:/bin/false\n' > $root/etc/passwd
echo 'this image' > $root/etc/image
)END";

TEST(Image, an_instance_runs_on_a_directory_that_is_given) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  auto root = (instance.directory / "small").string();
  auto made = run({"/usr/bin/bash", "-c", kMakeDirectory, "bash", root});
  ASSERT_EQ(made.status, 0) << made.output;
  auto image = directory_image(root);
  ASSERT_TRUE(image) << image.error().detail;
  EXPECT_EQ(image->name, "small");
  EXPECT_NE(image->id, machine_image().id);
  instance.spec.layers = *prepare_image(*image, instance.directory / "images");
  auto started = start_instance(instance.spec);
  ASSERT_TRUE(started) << started.error().detail;
  ASSERT_TRUE(instance.answers()) << instance.console();
  EXPECT_EQ(
      instance.ssh("cat /etc/image; id -un; echo x > file; [ -e /usr/bin/ls ] || echo nothing else").output,
      "this image\nec2-user\nnothing else\n");
  EXPECT_FALSE(std::filesystem::exists(root + "/home/ec2-user")) << "the directory stays as it is";
}

}  // namespace
}  // namespace fumidai::lab
