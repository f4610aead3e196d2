#include "lab/switches.h"

namespace fumidai::lab {

std::vector<Switch> still_switches() {
  // The model has IPv4 only: what would go around it, must not.
  return {{"ipv6/conf/all/disable_ipv6", "1"}, {"ipv6/conf/default/disable_ipv6", "1"}};
}

std::vector<Switch> forwarding_switches() {
  auto switches = still_switches();
  // An answer may take another way than the question (through a NAT gateway), so no reverse path filter; the
  // rulesets know who may send what.
  append(switches, {{"ipv4/ip_forward", "1"},
                    {"ipv4/conf/all/rp_filter", "0"},
                    {"ipv4/conf/default/rp_filter", "0"},
                    {"ipv4/conf/all/send_redirects", "0"},
                    {"ipv4/conf/default/send_redirects", "0"}});
  return switches;
}

std::vector<Switch> link_switches(std::string const& link) {
  auto conf = "ipv4/conf/" + link;
  return {{conf + "/rp_filter", "0"}, {conf + "/send_redirects", "0"}, {conf + "/accept_redirects", "0"}};
}

std::vector<Switch> proxy_switches(std::string const& link) {
  return {{"ipv4/conf/" + link + "/proxy_arp", "1"}, {"ipv4/neigh/" + link + "/proxy_delay", "0"}};
}

}  // namespace fumidai::lab
