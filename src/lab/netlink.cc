#include "lab/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/ether.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

namespace fumidai::lab {

namespace {

// The marks: a link's group, and the origin of routes and rules.
constexpr std::uint32_t kGroup = 0x66756d69;  // "fumi"
constexpr std::uint8_t kOrigin = 0xf6;
constexpr std::uint32_t kMarkPriority = 900, kLinkPriority = 1000;

struct Message {
  alignas(nlmsghdr) std::array<char, 4096> bytes{};
  nlmsghdr* head;

  Message(int type, int flags) : head(mnl_nlmsg_put_header(bytes.data())) {
    head->nlmsg_type = static_cast<std::uint16_t>(type);
    head->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  template <class Header>
  Header* put() {
    return static_cast<Header*>(mnl_nlmsg_put_extra_header(head, sizeof(Header)));
  }
  void put(std::uint16_t type, Address const& address) { mnl_attr_put(head, type, 4, address.bytes.data()); }
};

using Attributes = std::map<int, nlattr const*>;

template <class Header>
Attributes attributes_of(nlmsghdr const* message) {
  Attributes attributes;
  auto* end = static_cast<char const*>(mnl_nlmsg_get_payload_tail(message));
  auto* at = static_cast<nlattr const*>(mnl_nlmsg_get_payload_offset(message, sizeof(Header)));
  for (; mnl_attr_ok(at, static_cast<int>(end - reinterpret_cast<char const*>(at))); at = mnl_attr_next(at)) {
    attributes[mnl_attr_get_type(at)] = at;
  }
  return attributes;
}

std::uint32_t number_in(Attributes const& attributes, int type, std::uint32_t otherwise = 0) {
  auto found = attributes.find(type);
  return found == attributes.end() ? otherwise : mnl_attr_get_u32(found->second);
}

std::string text_in(Attributes const& attributes, int type) {
  auto found = attributes.find(type);
  return found == attributes.end() ? "" : mnl_attr_get_str(found->second);
}

std::optional<Address> address_in(Attributes const& attributes, int type) {
  auto found = attributes.find(type);
  if (found == attributes.end() || mnl_attr_get_payload_len(found->second) != 4) return {};
  Address address;
  std::memcpy(address.bytes.data(), mnl_attr_get_payload(found->second), 4);
  return address;
}

template <class Header>
Header const& header_of(nlmsghdr const* message) {
  return *static_cast<Header const*>(mnl_nlmsg_get_payload(message));
}

int change_type(bool add, int addition, int removal) {
  return add ? addition : removal;
}
int change_flags(bool add) {
  return NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0);
}

std::optional<RouteKind> kind_of(int type) {
  switch (type) {
    case RTN_UNICAST: return RouteKind::out;
    case RTN_LOCAL: return RouteKind::here;
    case RTN_BLACKHOLE: return RouteKind::blackhole;
    case RTN_THROW: return RouteKind::other;
    default: return {};
  }
}
std::uint8_t type_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::out: return RTN_UNICAST;
    case RouteKind::here: return RTN_LOCAL;
    case RouteKind::blackhole: return RTN_BLACKHOLE;
    case RouteKind::other: return RTN_THROW;
  }
  return RTN_UNSPEC;
}

std::uint8_t scope_of(KernelRoute const& route) {
  if (route.kind == RouteKind::here) return RT_SCOPE_HOST;
  return route.link.empty() || route.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
}

LinkState link_of(nlmsghdr const* message) {
  auto& header = header_of<ifinfomsg>(message);
  auto attributes = attributes_of<ifinfomsg>(message);
  return {header.ifi_index, text_in(attributes, IFLA_IFNAME), (header.ifi_flags & IFF_UP) != 0,
          number_in(attributes, IFLA_GROUP) == kGroup, static_cast<int>(number_in(attributes, IFLA_LINK))};
}

}  // namespace

Result<Netlink> Netlink::open(SpaceHandle const& space) {
  mnl_socket* socket = nullptr;
  CHECK(within(space, [&]() -> Result<void> {
    socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!socket) return system_error("open a netlink socket");
    return success();
  }));
  Netlink netlink(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0) return system_error("bind a netlink socket");
  return netlink;
}

Netlink::Netlink(Netlink&& other) noexcept
    : socket_(std::exchange(other.socket_, nullptr)), sequence_(other.sequence_) {}

Netlink::~Netlink() {
  if (socket_) mnl_socket_close(socket_);
}

namespace {

// How often a list is asked for while others change what it lists.
constexpr int kMostTries = 20;

Error torn() {
  return {Errc::unavailable, "the network changed while it was looked at"};
}

bool ends_here(void const* messages, ssize_t size) {
  int left = static_cast<int>(size);
  for (auto* each = static_cast<nlmsghdr const*>(messages); mnl_nlmsg_ok(each, left);
       each = mnl_nlmsg_next(each, &left)) {
    if (each->nlmsg_type == NLMSG_DONE) return true;
  }
  return false;
}

}  // namespace

Result<void> Netlink::ask(nlmsghdr* message, Each const& each) {
  message->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_, message, message->nlmsg_len) < 0) return system_error("ask the kernel");
  auto on_message = [](nlmsghdr const* answer, void* data) {
    auto& callback = *static_cast<Each const*>(data);
    if (callback) callback(answer);
    return MNL_CB_OK;
  };
  std::array<char, 32 * 1024> buffer;
  auto port = mnl_socket_get_portid(socket_);
  int status = MNL_CB_OK;
  bool is_torn = false;
  while (status > MNL_CB_STOP) {
    auto size = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (size < 0) return system_error("hear the kernel");
    if (!is_torn)
      status = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), sequence_, port, on_message,
                          const_cast<Each*>(&each));
    is_torn = is_torn || (status < 0 && errno == EINTR);
    if (is_torn) status = ends_here(buffer.data(), size) ? MNL_CB_STOP : MNL_CB_OK;
  }
  if (is_torn) return torn();
  if (status < 0 && errno == EEXIST) {
    return Error{Errc::conflict, "in its place is one that this lab did not make; another lab?"};
  }
  if (status < 0) return system_error("the kernel refuses");
  return success();
}

Result<void> Netlink::dump(int type, std::size_t header, Each const& each) {
  Message message(type, NLM_F_DUMP);
  auto* family = static_cast<std::uint8_t*>(mnl_nlmsg_put_extra_header(message.head, header));
  *family = type == RTM_GETLINK ? AF_UNSPEC : AF_INET;
  for (int tries = 1;; tries++) {
    std::vector<std::vector<char>> answers;
    auto asked = ask(message.head, [&](nlmsghdr const* answer) {
      auto* bytes = reinterpret_cast<char const*>(answer);
      answers.emplace_back(bytes, bytes + answer->nlmsg_len);
    });
    if (!asked && asked.error().code == Errc::unavailable && tries < kMostTries) continue;
    CHECK(asked);
    for (auto const& answer : answers) each(reinterpret_cast<nlmsghdr const*>(answer.data()));
    return success();
  }
}

Result<std::vector<LinkState>> Netlink::links() {
  std::vector<LinkState> links;
  CHECK(dump(RTM_GETLINK, sizeof(ifinfomsg),
             [&](nlmsghdr const* message) { links.push_back(link_of(message)); }));
  return links;
}

Result<std::vector<LinkAddress>> Netlink::addresses() {
  TRY(auto found_links, links());
  std::map<int, std::string> names;
  for (auto& link : found_links) {
    if (link.is_ours || link.name == "lo") names[link.index] = link.name;
  }
  std::vector<LinkAddress> addresses;
  CHECK(dump(RTM_GETADDR, sizeof(ifaddrmsg), [&](nlmsghdr const* message) {
    auto& header = header_of<ifaddrmsg>(message);
    auto address = address_in(attributes_of<ifaddrmsg>(message), IFA_LOCAL);
    auto link = names.find(static_cast<int>(header.ifa_index));
    if (!address || link == names.end() || header.ifa_scope != RT_SCOPE_UNIVERSE) return;
    addresses.push_back({link->second, {*address, header.ifa_prefixlen}});
  }));
  return addresses;
}

Result<std::vector<KernelRoute>> Netlink::routes() {
  TRY(auto found_links, links());
  std::vector<KernelRoute> routes;
  CHECK(dump(RTM_GETROUTE, sizeof(rtmsg), [&](nlmsghdr const* message) {
    auto& header = header_of<rtmsg>(message);
    auto kind = kind_of(header.rtm_type);
    if (header.rtm_protocol != kOrigin || !kind) return;
    auto attributes = attributes_of<rtmsg>(message);
    KernelRoute route{number_in(attributes, RTA_TABLE, header.rtm_table),
                      {address_in(attributes, RTA_DST).value_or(Address{}), header.rtm_dst_len},
                      *kind};
    auto index = static_cast<int>(number_in(attributes, RTA_OIF));
    auto link = std::ranges::find(found_links, index, &LinkState::index);
    if (link != found_links.end()) route.link = link->name;
    route.gateway = address_in(attributes, RTA_GATEWAY);
    route.source = address_in(attributes, RTA_PREFSRC);
    routes.push_back(std::move(route));
  }));
  return routes;
}

Result<std::vector<KernelRule>> Netlink::rules() {
  std::vector<KernelRule> rules;
  CHECK(dump(RTM_GETRULE, sizeof(fib_rule_hdr), [&](nlmsghdr const* message) {
    auto attributes = attributes_of<fib_rule_hdr>(message);
    auto origin = attributes.find(FRA_PROTOCOL);
    if (origin == attributes.end() || mnl_attr_get_u8(origin->second) != kOrigin) return;
    rules.push_back({text_in(attributes, FRA_IIFNAME), number_in(attributes, FRA_TABLE),
                     number_in(attributes, FRA_FWMARK)});
  }));
  return rules;
}

Result<int> Netlink::index_of(std::string const& link) {
  Message message(RTM_GETLINK, NLM_F_ACK);
  message.put<ifinfomsg>();
  mnl_attr_put_strz(message.head, IFLA_IFNAME, link.c_str());
  int index = 0;
  auto asked =
      ask(message.head, [&](nlmsghdr const* answer) { index = header_of<ifinfomsg>(answer).ifi_index; });
  if (!asked) return Error{asked.error().code, "find link " + link + ": " + asked.error().detail};
  return index;
}

Result<void> Netlink::add_pair(std::string const& name, std::string const& peer,
                               SpaceHandle const& peer_space, std::string const& peer_mac) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  auto* head = message.head;
  message.put<ifinfomsg>();
  mnl_attr_put_strz(head, IFLA_IFNAME, name.c_str());
  mnl_attr_put_u32(head, IFLA_GROUP, kGroup);
  auto* info = mnl_attr_nest_start(head, IFLA_LINKINFO);
  mnl_attr_put_strz(head, IFLA_INFO_KIND, "veth");
  auto* data = mnl_attr_nest_start(head, IFLA_INFO_DATA);
  auto* other = mnl_attr_nest_start(head, VETH_INFO_PEER);
  message.put<ifinfomsg>();
  mnl_attr_put_strz(head, IFLA_IFNAME, peer.c_str());
  mnl_attr_put_u32(head, IFLA_GROUP, kGroup);
  mnl_attr_put_u32(head, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_space.descriptor()));
  ether_addr mac{};
  if (::ether_aton_r(peer_mac.c_str(), &mac) != nullptr) mnl_attr_put(head, IFLA_ADDRESS, sizeof mac, &mac);
  for (auto* nest : {other, data, info}) mnl_attr_nest_end(head, nest);
  return ask(head);
}

Result<void> Netlink::remove_link(std::string const& name) {
  Message message(RTM_DELLINK, NLM_F_ACK);
  message.put<ifinfomsg>();
  mnl_attr_put_strz(message.head, IFLA_IFNAME, name.c_str());
  return ask(message.head);
}

Result<void> Netlink::set_up(std::string const& name) {
  Message message(RTM_NEWLINK, NLM_F_ACK);
  auto* header = message.put<ifinfomsg>();
  header->ifi_flags = header->ifi_change = IFF_UP;
  mnl_attr_put_strz(message.head, IFLA_IFNAME, name.c_str());
  return ask(message.head);
}

Result<void> Netlink::change(bool add, LinkAddress const& address) {
  TRY(auto index, index_of(address.link));
  Message message(change_type(add, RTM_NEWADDR, RTM_DELADDR), change_flags(add));
  auto* header = message.put<ifaddrmsg>();
  header->ifa_family = AF_INET;
  header->ifa_prefixlen = static_cast<std::uint8_t>(address.address.prefix);
  header->ifa_index = static_cast<std::uint32_t>(index);
  message.put(IFA_LOCAL, address.address.base);
  message.put(IFA_ADDRESS, address.address.base);
  return ask(message.head);
}

Result<void> Netlink::change(bool add, KernelRoute const& route) {
  int index = 0;
  if (!route.link.empty()) {
    TRY(index, index_of(route.link));
  }
  Message message(change_type(add, RTM_NEWROUTE, RTM_DELROUTE), change_flags(add));
  auto* header = message.put<rtmsg>();
  header->rtm_family = AF_INET;
  header->rtm_dst_len = static_cast<std::uint8_t>(route.destination.prefix);
  header->rtm_protocol = kOrigin;
  header->rtm_scope = scope_of(route);
  header->rtm_type = type_of(route.kind);
  // The gateway need not be in a block of the link's: there are only host addresses here.
  if (route.gateway) header->rtm_flags = RTNH_F_ONLINK;
  mnl_attr_put_u32(message.head, RTA_TABLE, route.table);
  if (route.destination.prefix > 0) message.put(RTA_DST, route.destination.base);
  if (index != 0) mnl_attr_put_u32(message.head, RTA_OIF, static_cast<std::uint32_t>(index));
  if (route.gateway) message.put(RTA_GATEWAY, *route.gateway);
  if (route.source) message.put(RTA_PREFSRC, *route.source);
  return ask(message.head);
}

Result<void> Netlink::change(bool add, KernelRule const& rule) {
  Message message(change_type(add, RTM_NEWRULE, RTM_DELRULE), change_flags(add));
  auto* header = message.put<fib_rule_hdr>();
  header->family = AF_INET;
  header->action = FR_ACT_TO_TBL;
  mnl_attr_put_u32(message.head, FRA_PRIORITY, rule.mark != 0 ? kMarkPriority : kLinkPriority);
  if (!rule.link.empty()) mnl_attr_put_strz(message.head, FRA_IIFNAME, rule.link.c_str());
  if (rule.mark != 0) mnl_attr_put_u32(message.head, FRA_FWMARK, rule.mark);
  mnl_attr_put_u32(message.head, FRA_TABLE, rule.table);
  mnl_attr_put_u8(message.head, FRA_PROTOCOL, kOrigin);
  return ask(message.head);
}

}  // namespace fumidai::lab
