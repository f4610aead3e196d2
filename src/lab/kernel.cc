#include "lab/kernel.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "io/file.h"
#include "lab/dnsmasq.h"
#include "lab/names.h"
#include "lab/netlink.h"
#include "lab/ruleset.h"

namespace fumidai::lab {

namespace {

std::string text_of(LinkAddress const& address) {
  return "address " + address.address.text() + " on " + address.link;
}
std::string text_of(KernelRule const& rule) {
  return rule.mark != 0 ? "rule for mark " + std::to_string(rule.mark) : "rule for " + rule.link;
}
std::string text_of(KernelRoute const& route) {
  return "route " + route.destination.text() + " in table " + std::to_string(route.table);
}

// Reads and writes /proc/sys/net of the namespace that the thread is in. A kernel without IPv6 has no file.
Result<bool> is_set(Switch const& wanted) {
  auto text = io::read_file("/proc/sys/net/" + wanted.path, 4096);
  if (!text && text.error().code == Errc::not_found && wanted.path.starts_with("ipv6/")) return true;
  if (!text) return text.error();
  return text->substr(0, text->find('\n')) == wanted.value;
}

Result<void> set(Switch const& wanted) {
  auto path = "/proc/sys/net/" + wanted.path;
  int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return system_error("open " + path);
  auto written = ::write(file, wanted.value.data(), wanted.value.size());
  auto failure = system_error("write " + path);
  ::close(file);
  if (written < 0) return failure;
  return success();
}

// One run of Kernel::apply.
class Run {
 public:
  Run(Settings const& settings, Firewall& firewall, Plan const& plan, std::optional<std::size_t> most_steps)
      : settings_(settings), firewall_(firewall), plan_(plan), most_steps_(most_steps) {}

  Result<Changes> go() {
    CHECK(stop_name_servers());
    CHECK(remove_links());
    CHECK(remove_spaces());
    CHECK(create_spaces());
    // Rules before links: nothing passes before it is filtered.
    for (auto& space : plan_.spaces) CHECK(attempt(space.name, apply_ruleset(space)));
    for (auto& link : plan_.links) CHECK(attempt(link.far.space, create(link)));
    CHECK(attempt("", apply_inside(plan_.machine)));
    for (auto& space : plan_.spaces) CHECK(attempt(space.name, apply_inside(space)));
    for (auto& server : plan_.name_servers) CHECK(attempt(server.space, apply(server)));
    has_tried_all_ = true;
    if (first_failure_) return *first_failure_;
    return std::move(changes_);
  }

  // The namespaces that are not as planned; nothing when it did not come to them.
  std::optional<std::set<std::string>> failed() const {
    return has_tried_all_ ? std::optional(failed_) : std::nullopt;
  }

 private:
  // Takes a step, or stops before it.
  template <class Work>
  Result<void> step(std::string what, Work work) {
    if (most_steps_ && changes_.size() >= *most_steps_) {
      stopped_ = true;
      return Error{Errc::closed, "stopped before: " + what};
    }
    auto done = work();
    if (!done) return Error{done.error().code, what + ": " + done.error().detail};
    changes_.push_back(std::move(what));
    return success();
  }

  // A failure in one place does not keep the others from what they need.
  Result<void> attempt(std::string const& space, Result<void> const& outcome) {
    if (outcome) return success();
    failed_.insert(space);
    if (!first_failure_) first_failure_ = outcome.error();
    return stopped_ ? outcome : success();
  }

  Result<void> stop_name_servers() {
    TRY(auto known, Dnsmasq::spaces_in(settings_.directory()));
    for (auto& space : known) {
      bool wanted = std::ranges::count(plan_.name_servers, space, &NameServer::space) > 0;
      if (wanted) continue;
      Dnsmasq dnsmasq(settings_.directory(), space);
      CHECK(step("- name server of " + space, [&] { return dnsmasq.stop(); }));
    }
    return success();
  }

  // The spaces that were there, and of those what the links were.
  Result<void> remove_links() {
    TRY(auto names, spaces_with(space_prefix(settings_)));
    names.push_back("");
    for (auto& name : names) {
      auto space = SpaceHandle::open(name);
      if (!space) continue;  // only a file: create_spaces mends it
      TRY(auto netlink, Netlink::open(*space));
      TRY(auto links, netlink.links());
      std::erase_if(links, [&](auto& link) { return !is_ours(name, link); });
      if (!name.empty() && !plan_.find(name)) continue;  // goes whole, its links with it
      links_[name] = links;
    }
    for (auto& [name, links] : links_) {
      for (auto& link : links) {
        if (!is_wanted(name, link)) CHECK(remove_link(name, link.name));
      }
    }
    return success();
  }

  LinkState const* find_link(LinkEnd const& end) const {
    auto space = links_.find(end.space);
    if (space == links_.end()) return nullptr;
    auto link = std::ranges::find(space->second, end.name, &LinkState::name);
    return link == space->second.end() ? nullptr : &*link;
  }

  // Both ends of the pair are there, and each is the other's.
  bool is_whole(Link const& link) const {
    auto *near = find_link(link.near), *far = find_link(link.far);
    return near && far && near->peer == far->index && far->peer == near->index;
  }

  bool is_wanted(std::string const& space, LinkState const& state) const {
    auto link = std::ranges::find_if(plan_.links, [&](auto& each) {
      return each.near.is(space, state.name) || each.far.is(space, state.name);
    });
    return link != plan_.links.end() && is_whole(*link);
  }

  Result<void> remove_link(std::string const& space, std::string const& name) {
    TRY(auto handle, SpaceHandle::open(space));
    TRY(auto netlink, Netlink::open(handle));
    // Its other end, which went first, may have taken it along.
    TRY(auto now, netlink.links());
    if (std::ranges::count(now, name, &LinkState::name) == 0) return success();
    return step("- link " + name + " of " + space, [&] { return netlink.remove_link(name); });
  }

  Result<void> remove_spaces() {
    TRY(auto names, spaces_with(space_prefix(settings_)));
    for (auto& name : names) {
      if (plan_.find(name)) continue;
      CHECK(step("- namespace " + name, [&] { return remove_space(name); }));
    }
    return success();
  }

  Result<void> create_spaces() {
    for (auto& space : plan_.spaces) {
      if (SpaceHandle::open(space.name)) continue;
      CHECK(step("+ namespace " + space.name, [&] { return create_space(space.name); }));
    }
    return success();
  }

  Result<void> apply_ruleset(Space const& space) {
    TRY(auto handle, SpaceHandle::open(space.name));
    TRY(auto wanted, firewall_.would_list(space.ruleset));
    TRY(auto found, Firewall::listed(handle));
    if (found == wanted) return success();
    return step("+ rules of " + space.name, [&] { return Firewall::replace(handle, space.ruleset); });
  }

  Result<void> create(Link const& link) {
    if (is_whole(link)) return success();
    TRY(auto near, SpaceHandle::open(link.near.space));
    TRY(auto far, SpaceHandle::open(link.far.space));
    TRY(auto netlink, Netlink::open(near));
    return step("+ link " + link.near.name + " of " + link.near.space,
                [&] { return netlink.add_pair(link.near.name, link.far.name, far, link.far.mac); });
  }

  Result<void> apply_inside(Space const& space) {
    TRY(auto handle, SpaceHandle::open(space.name));
    if (!space.switches.empty()) {
      CHECK(within(handle, [&] { return apply_switches(space); }));
    }
    TRY(auto netlink, Netlink::open(handle));
    CHECK(set_links_up(space, netlink));
    TRY(auto addresses, netlink.addresses());
    CHECK(apply_difference(space, space.addresses, addresses, netlink));
    TRY(auto rules, netlink.rules());
    CHECK(apply_difference(space, space.rules, rules, netlink));
    TRY(auto routes, netlink.routes());
    return apply_difference(space, space.routes, routes, netlink);
  }

  Result<void> apply_switches(Space const& space) {
    for (auto& wanted : space.switches) {
      TRY(bool already, is_set(wanted));
      if (already) continue;
      CHECK(step("+ " + wanted.path + " of " + space.name, [&] { return set(wanted); }));
    }
    return success();
  }

  Result<void> set_links_up(Space const& space, Netlink& netlink) {
    TRY(auto links, netlink.links());
    for (auto& link : links) {
      bool is_loopback = link.name == "lo" && !space.name.empty();
      if (link.is_up || !(is_ours(space.name, link) || is_loopback)) continue;
      CHECK(step("+ link " + link.name + " up in " + space.name, [&] { return netlink.set_up(link.name); }));
    }
    return success();
  }

  template <class Part>
  Result<void> apply_difference(Space const& space, std::vector<Part> const& wanted,
                                std::vector<Part> const& found, Netlink& netlink) {
    std::set<Part> to_have(wanted.begin(), wanted.end()), had(found.begin(), found.end());
    for (auto& part : had) {
      if (to_have.contains(part) || is_the_machines(space, part)) continue;
      CHECK(step("- " + text_of(part) + " of " + space.name, [&] { return netlink.change(false, part); }));
    }
    for (auto& part : to_have) {
      if (had.contains(part)) continue;
      CHECK(step("+ " + text_of(part) + " of " + space.name, [&] { return netlink.change(true, part); }));
    }
    return success();
  }

  // Of the machine's own namespace nothing is ours but one link and what is on it: there may be other labs.
  bool is_the_machines(Space const& space, auto const& part) const {
    return space.name.empty() && part.link != host_link(settings_);
  }
  bool is_ours(std::string const& space, LinkState const& link) const {
    return link.is_ours && (!space.empty() || link.name == host_link(settings_));
  }

  Result<void> apply(NameServer const& server) {
    TRY(auto space, SpaceHandle::open(server.space));
    Dnsmasq dnsmasq(settings_.directory(), server.space);
    TRY(auto need, dnsmasq.need(server, space));
    switch (need) {
      case Dnsmasq::Need::nothing: return success();
      case Dnsmasq::Need::reload:
        return step("~ names of " + server.space, [&] { return dnsmasq.reload(server); });
      case Dnsmasq::Need::start:
        return step("+ name server of " + server.space, [&] { return dnsmasq.start(server, space); });
    }
    return success();
  }

  Settings const& settings_;
  Firewall& firewall_;
  Plan const& plan_;
  std::optional<std::size_t> most_steps_;
  Changes changes_;
  std::optional<Error> first_failure_;
  std::set<std::string> failed_;  // by name
  bool stopped_ = false, has_tried_all_ = false;
  std::map<std::string, std::vector<LinkState>> links_;  // ours, as found
};

// Labs of other labels have the same internet, and one machine has it once.
Result<void> check_free(Settings const& settings) {
  TRY(auto machine, SpaceHandle::open(""));
  TRY(auto netlink, Netlink::open(machine));
  TRY(auto addresses, netlink.addresses());
  for (auto& [link, address] : addresses) {
    if (address != Cidr::of(settings.host) || link == host_link(settings)) continue;
    auto label = link.substr(std::min(link.size(), link.find('-') + 1));
    return Error{Errc::conflict, "another lab of this machine has the address " + settings.host.text() +
                                     " (its link is " + link + "); end it first: fumidai lab down --label " +
                                     label};
  }
  return success();
}

// A run that was killed may have left a child that is about to become another program and still holds the
// lock.
constexpr std::chrono::seconds kTurn{1};

}  // namespace

Result<void> check_able(Settings const& settings) {
  CHECK(check(settings));
  if (::geteuid() != 0) {
    return Error{Errc::denied, "the lab makes network namespaces and needs root; run it as root"};
  }
  if (::access(kDnsmasqProgram, X_OK) != 0) {
    return Error{Errc::unsupported, std::string("the lab needs ") + kDnsmasqProgram +
                                        ", which is not there; run: apt-get install dnsmasq-base"};
  }
  // Rules of every kind that the lab uses, in a namespace that goes with the question.
  auto tried = Firewall().would_list(
      "table ip fumidai {\n"
      "  set own {\n    type ifname . ipv4_addr\n  }\n"
      "  chain guard {\n    type filter hook prerouting priority mangle; policy drop;\n"
      "    iifname . ip saddr @own accept\n    ct state established accept\n  }\n"
      "  chain go_out {\n    type nat hook postrouting priority srcnat;\n    snat to 192.0.2.1\n  }\n"
      "}\n");
  if (!tried) {
    return Error{Errc::unsupported,
                 "this machine cannot hold a lab (network namespaces and nftables with "
                 "address translation are needed): " +
                     tried.error().detail};
  }
  return check_free(settings);
}

Result<Changes> Kernel::apply(Plan const& plan) {
  failed_.reset();
  CHECK(check(settings_));
  CHECK(io::make_directory(settings_.directory()));
  TRY(auto lock, io::FileLock::take(settings_.directory() + "/lock", kTurn));
  Run run(settings_, firewall_, plan, most_steps_);
  auto changes = run.go();
  failed_ = run.failed();
  firewall_.forget_unused();
  return changes;
}

Result<Changes> Kernel::down() {
  TRY(auto changes, apply(Plan()));
  io::remove_file(settings_.directory() + "/lock");
  ::rmdir(settings_.directory().c_str());
  return changes;
}

}  // namespace fumidai::lab
