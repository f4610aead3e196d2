#pragma once

// The internet of the lab: a namespace with the addresses of a few services, which joins the routers of the
// VPCs and the machine.

#include "lab/plan.h"
#include "lab/port.h"
#include "lab/router_plan.h"

namespace fumidai::lab {

Space internet_plan(std::vector<Uplink> const& uplinks, std::vector<std::vector<Port>> const& ports,
                    Settings const& settings);
Space machine_plan(Settings const& settings);

}  // namespace fumidai::lab
