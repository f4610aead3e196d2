#include "lab/skeleton.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

namespace fumidai::lab {

namespace fs = std::filesystem;

namespace {

struct Text {
  char const* path;
  int mode;
  char const* text;
};

// No session of anybody needs more of PAM than this; who may enter is decided by keys and sudoers.
constexpr char const* kPam = R"(auth     required pam_unix.so
account  required pam_unix.so
password required pam_unix.so
session  required pam_env.so
session  required pam_unix.so
)";

constexpr Text kOurs[] = {
    {"etc/ssh/sshd_config", 0644, R"(HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM yes
PrintMotd no
UseDNS no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
Include /etc/ssh/sshd_config.d/*.conf
AuthorizedKeysCommand /usr/lib/fumidai/authorized-keys %u %f
AuthorizedKeysCommandUser ec2-instance-connect
)"},
    {"etc/sudoers", 0440, R"(Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) NOPASSWD: ALL
@includedir /etc/sudoers.d
)"},
    {"etc/pam.d/sshd", 0644, kPam},
    {"etc/pam.d/sudo", 0644, kPam},
    {"etc/pam.d/sudo-i", 0644, kPam},
    {"etc/pam.d/login", 0644, kPam},
    {"etc/pam.d/fumidai-agent", 0644, kPam},
};

constexpr Text kMachine[] = {
    {"etc/pam.d/other", 0644, kPam},
    {"etc/pam.d/su", 0644, "auth sufficient pam_rootok.so\n@include other\n"},
    {"etc/pam.d/su-l", 0644, "auth sufficient pam_rootok.so\n@include other\n"},
    {"etc/pam.d/chpasswd", 0644, "@include other\n"},
    {"etc/pam.d/passwd", 0644, "@include other\n"},
    {"etc/security/pam_env.conf", 0644, ""},
    {"etc/environment", 0644, "LANG=C.UTF-8\n"},
    {"etc/nsswitch.conf", 0644, "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"},
    {"etc/shells", 0644, "/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n"},
    {"etc/hosts", 0644, "127.0.0.1 localhost\n"},
    {"etc/hostname", 0644, "localhost\n"},
    {"etc/resolv.conf", 0644, ""},
    {"etc/fstab", 0644, ""},
    {"etc/host.conf", 0644, "multi on\n"},
    {"etc/bash.bashrc", 0644, "[ -z \"$PS1\" ] || PS1='[\\u@\\h \\W]\\$ '\n"},
    {"etc/profile", 0644, R"END(PATH=/usr/local/bin:/usr/bin:/bin
[ "$(id -u)" != 0 ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
[ -z "${BASH-}" ] || . /etc/bash.bashrc
for file in /etc/profile.d/*.sh; do [ ! -r "$file" ] || . "$file"; done
unset file
)END"},
    {"etc/login.defs", 0644, R"(MAIL_DIR /var/mail
PASS_MAX_DAYS 99999
PASS_MIN_DAYS 0
PASS_WARN_AGE 7
UID_MIN 1000
UID_MAX 60000
GID_MIN 1000
GID_MAX 60000
SYS_UID_MIN 100
SYS_UID_MAX 999
SYS_GID_MIN 100
SYS_GID_MAX 999
UMASK 022
HOME_MODE 0700
USERGROUPS_ENAB yes
ENCRYPT_METHOD YESCRYPT
)"},
    {"etc/apt/sources.list", 0644, "deb [trusted=yes] http://packages.example.com/debian ./\n"},
    {"var/lib/dpkg/status", 0644, ""},
    {"var/lib/dpkg/available", 0644, ""},
};

struct Folder {
  char const* path;
  mode_t mode;
};

constexpr Folder kMachineFolders[] = {
    {"dev", 0755},
    {"home", 0755},
    {"media", 0755},
    {"mnt", 0755},
    {"opt", 0755},
    {"proc", 0555},
    {"root", 0700},
    {"run", 0755},
    {"srv", 0755},
    {"sys", 0555},
    {"tmp", 01777},
    {"usr", 0755},
    {"var/tmp", 01777},
    {"var/log", 0755},
    {"var/mail", 0775},
    {"var/cache/apt/archives/partial", 0755},
    {"var/lib/apt/lists/partial", 0755},
    {"var/lib/dpkg/info", 0755},
    {"var/lib/dpkg/updates", 0755},
    {"var/lib/dpkg/triggers", 0755},
    {"var/log/apt", 0755},
    {"var/spool", 0755},
    {"etc/apt/apt.conf.d", 0755},
    {"etc/apt/preferences.d", 0755},
    {"etc/apt/sources.list.d", 0755},
    {"etc/apt/trusted.gpg.d", 0755},
    {"etc/dpkg/dpkg.cfg.d", 0755},
    {"etc/profile.d", 0755},
    {"etc/skel", 0755},
    {"etc/security/limits.d", 0755},
};

struct User {
  char const *name, *number, *description, *home, *shell;
  bool may_sudo;
};

// ssm-user is made by amazon-ssm-agent on hosts that lack it; with it here, sessions need no change of /etc.
constexpr User kUsers[] = {
    {"ec2-user", "1000", "EC2 Default User", "/home/ec2-user", "/bin/bash", true},
    {"ssm-user", "1001", "", "/home/ssm-user", "/bin/bash", true},
    {"sshd", "110", "", "/run/sshd", "/usr/sbin/nologin", false},
    {"ec2-instance-connect", "112", "", "/nonexistent", "/usr/sbin/nologin", false},
    {"_apt", "111", "", "/nonexistent", "/usr/sbin/nologin", false},
};

bool has_line(std::string_view text, std::string_view name) {
  auto start = std::string(name) + ":";
  return text.starts_with(start) || text.find("\n" + start) != text.npos;
}

// The members are the last part of the group's line.
void add_to_group(std::string& text, std::string_view group, std::string_view member) {
  auto start = text.starts_with(std::string(group) + ":") ? 0 : text.find("\n" + std::string(group) + ":");
  if (start == text.npos) return;
  auto end = std::min(text.find('\n', start + 1), text.size());
  auto line = text.substr(start, end - start);
  auto members = line.substr(line.rfind(':') + 1);
  for (auto each : split(members, ','))
    if (each == member) return;
  text.insert(end, (members.empty() ? "" : ",") + std::string(member));
}

// Debian's own list of system users, without a password for any.
constexpr char const* kMasterPasswd = "/usr/share/base-passwd/passwd.master";
constexpr char const* kMasterGroup = "/usr/share/base-passwd/group.master";

std::string without_passwords(std::string_view master) {
  std::string text;
  for (auto line : split(master, '\n')) {
    auto parts = split(line, ':');
    if (parts.size() < 4) continue;
    parts[1] = "x";
    std::string row;
    for (auto part : parts) row += (row.empty() ? "" : ":") + std::string(part);
    text += row + "\n";
  }
  return text;
}

std::string read_or(io::Path const& path, std::string_view otherwise) {
  auto text = io::read_file(path, 1024 * 1024);
  return text ? *text : std::string(otherwise);
}

Result<void> put(io::Path const& path, std::string_view text, int mode) {
  CHECK(io::make_directory(path.parent_path()));
  return io::write_scratch_file(path, text, mode);
}

Result<void> make_homes(io::Path const& root) {
  for (auto const& user : kUsers) {
    if (!user.may_sudo) continue;
    auto home = root / (user.home + 1);
    CHECK(io::make_directory(home, 0700));
    for (auto const* name : {"dot.bashrc", "dot.profile"}) {
      auto text = io::read_file(io::Path("/usr/share/base-files") / name, 64 * 1024);
      if (text) CHECK(put(home / (name + 3), *text, 0644));
    }
    auto id = static_cast<uid_t>(std::atoi(user.number));
    std::error_code ignored;
    for (auto const& file : {home, home / ".bashrc", home / ".profile"})
      if (fs::exists(file, ignored) && ::lchown(file.c_str(), id, id) != 0)
        return system_error("chown " + file.string());
  }
  return success();
}

Result<void> put_users(io::Path const& root, std::string passwd, std::string group, std::string shadow) {
  CHECK(put(root / "etc/passwd", with_our_users(std::move(passwd), "passwd"), 0644));
  CHECK(put(root / "etc/group", with_our_users(std::move(group), "group"), 0644));
  CHECK(put(root / "etc/shadow", with_our_users(std::move(shadow), "shadow"), 0600));
  return make_homes(root);
}

template <std::size_t Count>
Result<void> put_texts(io::Path const& root, Text const (&texts)[Count]) {
  for (auto const& each : texts) CHECK(put(root / each.path, each.text, each.mode));
  return success();
}

bool all_may_read(io::Path const& file) {
  std::error_code ignored;
  return (fs::status(file, ignored).permissions() & fs::perms::others_read) != fs::perms::none;
}

Result<void> copy_public_file(io::Path const& file, io::Path const& root) {
  if (!all_may_read(file)) return success();
  auto text = io::read_file(file);
  return text ? put(root / file.relative_path(), *text, 0644) : success();
}

Result<void> copy_public_etc(io::Path const& root) {
  for (auto const* folder : {"/etc/alternatives", "/etc/ssl/certs", "/etc/ld.so.conf.d"})
    CHECK(copy_public_folder(folder, root / io::Path(folder).relative_path()));
  for (auto const* file : {"/etc/ld.so.conf", "/etc/ld.so.cache", "/etc/services", "/etc/protocols",
                           "/etc/ssl/openssl.cnf", "/etc/debian_version", "/etc/mime.types"}) {
    CHECK(copy_public_file(file, root));
  }
  return success();
}

Result<void> link(io::Path const& root, char const* at, io::Path const& target) {
  std::error_code failure;
  fs::create_symlink(target, root / at, failure);
  if (failure) return Error{Errc::system, "link " + (root / at).string() + ": " + failure.message()};
  return success();
}

Result<void> make_links(io::Path const& root) {
  for (auto const* name : kProgramFolders) {
    std::error_code ignored;
    auto path = io::Path("/") / name;
    if (fs::is_symlink(path, ignored))
      CHECK(link(root, name, fs::read_symlink(path, ignored)));
    else if (fs::is_directory(path, ignored))
      CHECK(io::make_directory(root / name));
  }
  CHECK(link(root, "var/run", "/run"));
  CHECK(link(root, "var/lock", "/run/lock"));
  CHECK(link(root, "etc/mtab", "/proc/self/mounts"));
  CHECK(link(root, "etc/localtime", "/usr/share/zoneinfo/Etc/UTC"));
  return link(root, "etc/os-release", "../usr/lib/os-release");
}

}  // namespace

std::string with_our_users(std::string text, std::string_view kind) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (kind == "group" && !has_line(text, "sudo")) text += "sudo:x:27:\n";
  for (auto const& user : kUsers) {
    std::string name = user.name, number = user.number;
    if (kind == "group" && user.may_sudo) add_to_group(text, "sudo", name);
    if (has_line(text, name)) continue;
    if (kind == "passwd")
      text += name + ":x:" + number + ":" + number + ":" + user.description + ":" + user.home + ":" +
              user.shell + "\n";
    if (kind == "group") text += name + ":x:" + number + ":\n";
    if (kind == "shadow") text += name + ":*:19700:0:99999:7:::\n";
  }
  return text;
}

Result<void> copy_public_folder(io::Path const& from, io::Path const& to) {
  CHECK(io::make_directory(to));
  std::error_code failure;
  for (auto const& entry : fs::directory_iterator(from, failure)) {
    std::error_code ignored;
    auto target = fs::canonical(entry.path(), ignored);
    bool is_public = target.string().starts_with("/usr/") || target.parent_path() == from;
    bool is_manual = target.extension() == ".gz";  // half of the alternatives
    if (ignored || !is_public || is_manual || !fs::is_regular_file(target, ignored)) continue;
    if (!all_may_read(target)) continue;
    if (entry.is_symlink(ignored)) {
      fs::copy_symlink(entry.path(), to / entry.path().filename(), ignored);
    } else {
      fs::copy_file(target, to / entry.path().filename(), ignored);
    }
  }
  return success();
}

Result<void> make_machine_skeleton(io::Path const& root) {
  CHECK(io::make_directory(root));
  for (auto const& folder : kMachineFolders) CHECK(io::make_directory(root / folder.path, folder.mode));
  CHECK(make_links(root));
  CHECK(copy_public_etc(root));
  CHECK(put_texts(root, kOurs));
  CHECK(put_texts(root, kMachine));
  auto passwd = without_passwords(read_or(kMasterPasswd, "root:*:0:0:root:/root:/bin/bash\n"));
  auto group = without_passwords(read_or(kMasterGroup, "root:*:0:\ntty:*:5:\n"));
  std::string shadow;
  for (auto line : split(passwd, '\n'))
    if (!line.empty()) shadow += std::string(line.substr(0, line.find(':'))) + ":*:19700:0:99999:7:::\n";
  return put_users(root, std::move(passwd), std::move(group), std::move(shadow));
}

Result<void> make_directory_skeleton(io::Path const& image, io::Path const& root) {
  CHECK(io::make_directory(root));
  CHECK(put_texts(root, kOurs));
  return put_users(root, read_or(image / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
                   read_or(image / "etc/group", "root:x:0:\n"),
                   read_or(image / "etc/shadow", "root:*:19700::::::\n"));
}

}  // namespace fumidai::lab
