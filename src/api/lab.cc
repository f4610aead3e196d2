#include "api/lab.h"

namespace fumidai::api {

Error no_lab() {
  return {Errc::unsupported,
          "Instances run in a lab, and this server has none. Stop it first; then start one that has: "
          "`fumidai lab up`, or `fumidai server --lab`.",
          "UnsupportedOperation"};
}

}  // namespace fumidai::api
