#pragma once

// A namespace's links, addresses, routes and rules, over rtnetlink (rtnetlink(7), through libmnl). Blocking;
// the kernel answers at once. What we make is marked, and what has no mark is neither shown nor removed.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lab/plan.h"
#include "lab/space.h"

struct mnl_socket;
struct nlmsghdr;

namespace fumidai::lab {

struct LinkState {
  int index = 0;
  std::string name = {};
  bool is_up = false;
  bool is_ours = false;
  int peer = 0;  // index of the other end, in its namespace
};

class Netlink {
 public:
  static Result<Netlink> open(SpaceHandle const& space);
  Netlink(Netlink&& other) noexcept;
  Netlink& operator=(Netlink&&) = delete;
  ~Netlink();

  Result<std::vector<LinkState>> links();
  Result<std::vector<LinkAddress>> addresses();  // of scope global, on our links and on lo
  Result<std::vector<KernelRoute>> routes();
  Result<std::vector<KernelRule>> rules();

  // Both ends are down.
  Result<void> add_pair(std::string const& name, std::string const& peer, SpaceHandle const& peer_space,
                        std::string const& peer_mac = {});
  Result<void> remove_link(std::string const& name);
  Result<void> set_up(std::string const& name);
  Result<void> change(bool add, LinkAddress const& address);
  Result<void> change(bool add, KernelRoute const& route);
  Result<void> change(bool add, KernelRule const& rule);

 private:
  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  using Each = std::function<void(nlmsghdr const*)>;
  Result<void> dump(int type, std::size_t header, Each const& each);
  Result<void> ask(nlmsghdr* message, Each const& each = {});
  Result<int> index_of(std::string const& link);

  mnl_socket* socket_;
  unsigned sequence_ = 0;
};

}  // namespace fumidai::lab
