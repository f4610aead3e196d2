#pragma once

// What doctor judged, tried in a lab: with real packets, and questions to real name servers.

#include "api/diagnosis.h"
#include "api/lab.h"

namespace fumidai::api {

// Tries the ways and names of those that were judged, and says in their diagnoses what became of each. Of
// more than can be tried at once, those of the last are left, and counted there.
awaitable<Result<void>> try_in_lab(Lab& lab, std::vector<Judged>& judged);

}  // namespace fumidai::api
