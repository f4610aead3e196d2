#pragma once

// Takes a request of any AWS protocol that we serve to its action, and its outcome back: which service and
// operation, who calls, and then the action's own way through the gate.

#include "api/action.h"

namespace fumidai::api {

class Dispatcher {
 public:
  Dispatcher(Plane plane, identity::Authenticator& authenticator)
      : plane_(plane), authenticator_(authenticator) {}

  Plane& plane() { return plane_; }

  awaitable<wire::HttpResponse> handle(wire::HttpRequest request, identity::RequestFacts facts);

 private:
  awaitable<Result<wire::HttpResponse>> run(Addressed const& addressed, Action const& action,
                                            wire::HttpRequest request, identity::RequestFacts const& facts);
  awaitable<Result<model::Caller>> prove(Action const& action, wire::HttpRequest const& request,
                                         identity::RequestFacts const& facts);

  Plane plane_;
  identity::Authenticator& authenticator_;
};

}  // namespace fumidai::api
