#pragma once

#include <string_view>

namespace fumidai::app {

// Tells systemd how the service is doing ("READY=1"), where it asked to be told ($NOTIFY_SOCKET); nothing
// elsewhere.
void notify_systemd(std::string_view state);

}  // namespace fumidai::app
