#pragma once

// The audit trail: a chain of events in the store. Each event has a MAC over itself and the MAC before it,
// under a key from the deployment secret, so that whoever has the store but not the secret cannot alter,
// remove or reorder any. What such a person could do is cut the end off; a checkpoint, kept apart, tells how
// long the chain was.

#include <functional>
#include <optional>
#include <vector>

#include "audit/event.h"
#include "base/secret.h"
#include "store/transaction.h"

namespace fumidai::audit {

inline constexpr std::string_view kMainChain = "main";

// How far the chain had come, signed.
struct Checkpoint {
  std::string chain{kMainChain};
  std::int64_t seq = 0;
  std::string mac;        // of the event with that number
  std::string signature;  // over the three

  std::string to_text() const;
  static Result<Checkpoint> parse(std::string_view text);
};

struct EventFilter {
  std::string kind, outcome, principal, session_id, request_id;  // empty: any
  std::int64_t before = 0;                                       // only numbers below; 0: from the newest
};

class Trail {
 public:
  explicit Trail(Secret const& deployment_secret);

  // Appends in the caller's transaction: the event is there if and only if what it tells of is.
  Result<void> append(store::Transaction& transaction, Event event) const;

  // The head of the chain as it is in the store.
  Result<Checkpoint> checkpoint(store::Transaction& transaction) const;
  bool is_genuine(Checkpoint const& checkpoint) const;

  struct Verdict {
    std::int64_t events = 0;
    std::vector<std::string> faults;  // sentences; none when all is well
  };
  // Reads the whole chain. `checkpoints` are earlier heads that it must reach and contain.
  Result<Verdict> verify(store::Transaction& transaction, std::vector<Checkpoint> checkpoints,
                         std::optional<Checkpoint> voucher = {}) const;

 private:
  friend class Verification;
  std::string mac_of(Event const& event, std::string_view previous_mac) const;
  std::string signature_of(Checkpoint const& checkpoint) const;

  Secret event_key_, checkpoint_key_;
};

// The same, event after event, so that whoever has other things to do can do them in between.
class Verification {
 public:
  // `voucher` is a checkpoint that a person kept: he knows of what happened to the trail before.
  Verification(Trail const& trail, std::vector<Checkpoint> checkpoints,
               std::optional<Checkpoint> voucher = {})
      : trail_(trail), checkpoints_(std::move(checkpoints)) {
    if (!voucher) return;
    vouched_ = trail.is_genuine(*voucher) ? voucher->seq : 0;
    checkpoints_.push_back(std::move(*voucher));
  }

  // The next events of the chain; false when there are no more.
  Result<bool> examine_page(store::Transaction& transaction);
  Trail::Verdict finish();

 private:
  void examine(Event const& event);
  void fault(std::string sentence);

  Trail const& trail_;
  std::vector<Checkpoint> checkpoints_;
  Trail::Verdict verdict_;
  std::string previous_mac_;
  std::int64_t expected_ = 1, vouched_ = 0;
};

// Newest first, at most `most`.
Result<std::vector<Event>> list_events(store::Transaction& transaction, EventFilter const& filter,
                                       std::int64_t most);

// All, oldest first; stops when `visit` fails.
Result<void> for_each_event(store::Transaction& transaction, std::function<Result<void>(Event const&)> visit);

}  // namespace fumidai::audit
