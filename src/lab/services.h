#pragma once

// What a router answers itself.

#include <vector>

#include "network/network.h"

namespace fumidai::lab {

// Where instances ask for their metadata. A listener of its own for each link (listen_in) knows the caller by
// the link.
Address metadata_address();  // 169.254.169.254

// 169.254.169.253 and the VPC's block plus two; none while the VPC has no DNS.
std::vector<Address> resolver_addresses(network::Vpc const& vpc);

}  // namespace fumidai::lab
