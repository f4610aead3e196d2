#include "lab/services.h"

#include "lab/port.h"

namespace fumidai::lab {

Address metadata_address() {
  return Address::parse("169.254.169.254").value();
}

std::vector<Address> resolver_addresses(network::Vpc const& vpc) {
  if (!vpc.dns_support) return {};
  return {Address::parse("169.254.169.253").value(), plus(vpc.cidr.masked().base, 2)};
}

}  // namespace fumidai::lab
