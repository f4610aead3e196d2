#include "agent/login.h"

#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"
#include "io/file.h"

namespace fumidai::agent {

namespace {

constexpr char const* kPamService = "fumidai-agent";
constexpr char const* kDefaultUser = "ssm-user";

struct Account {
  std::string name, home, shell;
  uid_t user;
  gid_t group;
};

template <class Look>
std::optional<Account> account(Look look) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 * 1024);
  if (look(&entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
  auto shell = found->pw_shell == nullptr || *found->pw_shell == '\0' ? "/bin/sh" : found->pw_shell;
  return Account{found->pw_name, found->pw_dir, shell, found->pw_uid, found->pw_gid};
}

std::optional<Account> account_named(std::string const& name) {
  return account([&](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); });
}

std::optional<Account> account_of(uid_t user) {
  return account([&](auto... rest) { return ::getpwuid_r(user, rest...); });
}

std::vector<gid_t> groups_of(Account const& account) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(account.name.c_str(), account.group, groups.data(), &count) < 0)
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

void set_variable(std::vector<std::string>& environment, std::string_view name, std::string_view value) {
  auto prefix = std::string(name) + "=";
  std::erase_if(environment, [&](auto const& variable) { return variable.starts_with(prefix); });
  environment.push_back(prefix + std::string(value));
}

// NAME=value lines, as pam_env reads them, for hosts where PAM does not.
void add_system_environment(std::vector<std::string>& environment) {
  auto text = io::read_file("/etc/environment", 64 * 1024);
  if (!text) return;
  for (auto line : split(*text, '\n')) {
    line = trimmed(line);
    if (line.starts_with("export ")) line.remove_prefix(7);
    auto equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == line.npos || equals == 0) continue;
    auto value = line.substr(equals + 1);
    bool is_quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    set_variable(environment, line.substr(0, equals), is_quoted ? value.substr(1, value.size() - 2) : value);
  }
}

}  // namespace

class PamSession {
 public:
  static Result<std::shared_ptr<PamSession>> open(std::string const& user) {
    pam_conv nobody{[](int, pam_message const**, pam_response**, void*) { return PAM_CONV_ERR; }, nullptr};
    pam_handle_t* handle = nullptr;
    int code = ::pam_start(kPamService, user.c_str(), &nobody, &handle);
    std::shared_ptr<PamSession> session(new PamSession(handle));
    if (code == PAM_SUCCESS) code = ::pam_acct_mgmt(handle, PAM_SILENT);
    if (code == PAM_SUCCESS) code = ::pam_setcred(handle, PAM_ESTABLISH_CRED | PAM_SILENT);
    if (code == PAM_SUCCESS) code = ::pam_open_session(handle, PAM_SILENT);
    if (code != PAM_SUCCESS)
      return Error{Errc::denied, "PAM refuses a session of " + user + ": " + ::pam_strerror(handle, code)};
    session->is_open_ = true;
    return session;
  }

  ~PamSession() {
    if (is_open_) ::pam_close_session(handle_, PAM_SILENT);
    if (is_open_) ::pam_setcred(handle_, PAM_DELETE_CRED | PAM_SILENT);
    ::pam_end(handle_, PAM_SUCCESS);
  }

  std::vector<std::string> environment() const {
    std::vector<std::string> variables;
    auto** list = ::pam_getenvlist(handle_);
    for (auto** each = list; each != nullptr && *each != nullptr; each++) {
      variables.emplace_back(*each);
      std::free(*each);
    }
    std::free(list);
    return variables;
  }

 private:
  explicit PamSession(pam_handle_t* handle) : handle_(handle) {}
  pam_handle_t* handle_;
  bool is_open_ = false;
};

Result<Login> log_in(std::string const& wished, std::string const& configured) {
  bool is_root = ::geteuid() == 0;
  auto name = !wished.empty() ? wished : configured;
  auto self = account_of(::geteuid());
  auto chosen = !name.empty() ? account_named(name) : is_root ? account_named(kDefaultUser) : self;
  if (!chosen && !name.empty())
    return Error{Errc::not_found,
                 "the session's user '" + escaped(name, 64) + "' does not exist on this host"};
  if (!chosen) chosen = self;
  if (!chosen) chosen = Account{std::to_string(::geteuid()), "/", "/bin/sh", ::geteuid(), ::getegid()};
  if (!is_root && chosen->user != ::geteuid()) {
    return Error{Errc::denied, "the agent does not run as root and cannot start sessions as " + chosen->name};
  }

  Login login;
  login.user = chosen->name;
  login.home = chosen->home;
  login.shell = chosen->shell;
  login.run_as = {chosen->user, chosen->group, is_root ? groups_of(*chosen) : std::vector<gid_t>(), is_root};
  login.environment = {
      "PATH=" + std::string(chosen->user == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                                              : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"),
      "LANG=C.UTF-8"};
  add_system_environment(login.environment);
  if (is_root && std::filesystem::exists(std::string("/etc/pam.d/") + kPamService)) {
    TRY(login.pam, PamSession::open(login.user));
    for (auto const& variable : login.pam->environment()) {
      auto equals = variable.find('=');
      if (equals != variable.npos)
        set_variable(login.environment, variable.substr(0, equals), variable.substr(equals + 1));
    }
  }
  for (auto const& [variable, value] : {std::pair("HOME", login.home), std::pair("USER", login.user),
                                        std::pair("LOGNAME", login.user), std::pair("SHELL", login.shell)}) {
    set_variable(login.environment, variable, value);
  }
  return login;
}

}  // namespace fumidai::agent
