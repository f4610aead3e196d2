#pragma once

// The calls that a person's tools make to the plane.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "client/profile.h"
#include "io/aws_client.h"

namespace fumidai::client {

// A person is told of what fails within this time, and then of what is tried instead.
constexpr std::chrono::seconds kTold{9};
inline io::SteadyTime time_to_tell() {
  return io::SteadyClock::now() + kTold;
}

// What opens a session's data channel.
struct Access {
  std::string session_id;
  std::optional<Secret> token;  // none: the session is over
  std::string stream_url;
  std::string ended_why;  // of one that is over, where the plane knows and tells us
};

struct SessionOrder {
  std::string target;
  std::string document;  // empty: a shell
  std::map<std::string, std::vector<std::string>> parameters;
  std::string reason;
};

class Plane {
 public:
  // Error: invalid, for an endpoint or CA that is none.
  static Result<Plane> make(Profile profile);

  // Another with the same profile, and a connection of its own: for whoever calls at the same time.
  Plane another() const { return Plane(profile_, outbound_, api_.endpoint()); }

  // Before a call whose answer may take long: that nobody is there is told within kTold.
  awaitable<Result<void>> connect();

  // Gives up the connection of the last call, for who makes no other soon.
  void disconnect() { api_.disconnect(); }

  Profile const& profile() const { return profile_; }
  io::Outbound const& outbound() const { return outbound_; }

  awaitable<Result<Access>> start_session(SessionOrder order);
  awaitable<Result<Access>> resume_session(std::string session_id);
  awaitable<Result<void>> terminate_session(std::string session_id);

  // An id stays what it is; a name or KEY=VALUE must mean exactly one instance. Errors: the plane's, which
  // list what was found; deadline_exceeded, when it is silent for kTold.
  awaitable<Result<std::string>> resolve_target(std::string target);

  // What `work` at this plane gives, or deadline_exceeded, which names the plane.
  template <class T>
  awaitable<Result<T>> until(io::SteadyTime deadline, awaitable<Result<T>> work) {
    auto done = co_await io::within(deadline - io::SteadyClock::now(), std::move(work));
    bool is_late = !done && io::SteadyClock::now() >= deadline;
    if (is_late) co_return silent();
    co_return done;
  }

  // Any operation, as JSON.
  awaitable<Result<wire::json::value>> call(std::string service, std::string target, wire::json::object body);

 private:
  // What the plane's list says of a session that is over; nothing when we may not see it.
  awaitable<std::string> details_of(std::string session_id);
  Error silent() const;

  Plane(Profile profile, io::Outbound outbound, wire::Url endpoint)
      : profile_(std::move(profile)), outbound_(outbound), api_(outbound, std::move(endpoint)) {}
  io::Signer signer() const { return io::sign_with(profile_.credentials, profile_.region); }

  Profile profile_;
  io::Outbound outbound_;
  io::AwsClient api_;
};

}  // namespace fumidai::client
