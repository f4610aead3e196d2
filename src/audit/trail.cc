#include "audit/trail.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/bytes.h"
#include "base/digest.h"

namespace fumidai::audit {

namespace {

// Length before content, so that no two events have one and the same text.
void append_field(std::string& text, std::string_view field) {
  std::uint8_t length[8];
  write_u64(length, field.size());
  text += as_text(length);
  text += field;
}

Event read_event(store::Row const& row) {
  Event event;
  event.chain = row.text(0);
  event.seq = row.integer(1);
  event.at = row.time(2);
  event.kind = row.text(3);
  event.outcome = row.text(4);
  event.principal = row.text(5);
  event.action = row.text(6);
  event.resource = row.text(7);
  event.session_id = row.text(8);
  event.request_id = row.text(9);
  event.source = row.text(10);
  event.detail = row.text(11);
  event.mac = row.text(12);
  return event;
}

constexpr std::int64_t kPage = 1000;

// A page of the chain, oldest first.
Result<std::vector<Event>> events_after(store::Transaction& transaction, std::int64_t after) {
  TRY(auto rows, transaction.query("select chain, seq, at, kind, outcome, principal, action, resource, "
                                   "session_id, request_id, source, detail, mac"
                                   " from events where chain = $1 and seq > $2 order by seq limit $3",
                                   kMainChain, after, kPage));
  std::vector<Event> events;
  for (auto const& row : rows) events.push_back(read_event(row));
  return events;
}

}  // namespace

std::string Checkpoint::to_text() const {
  return json::serialize(
             json::object{{"chain", chain}, {"seq", seq}, {"mac", mac}, {"signature", signature}}) +
         "\n";
}

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  boost::system::error_code failure;
  auto value = json::parse(json::string_view(text.data(), text.size()), failure);
  auto malformed = Error{Errc::malformed, "this is not an audit checkpoint"};
  if (failure || !value.is_object()) return malformed;
  auto const& object = value.get_object();
  auto string_of = [&](char const* name) {
    auto const* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
  };
  auto const* seq = object.if_contains("seq");
  if (seq == nullptr || !seq->is_int64()) return malformed;
  return Checkpoint{string_of("chain"), seq->get_int64(), string_of("mac"), string_of("signature")};
}

Trail::Trail(Secret const& deployment_secret)
    : event_key_(derive_key(deployment_secret, "audit events")),
      checkpoint_key_(derive_key(deployment_secret, "audit checkpoint")) {}

std::string Trail::mac_of(Event const& event, std::string_view previous_mac) const {
  std::string text;
  for (std::string_view field :
       {std::string_view(event.chain), std::string_view(event.kind), std::string_view(event.outcome),
        std::string_view(event.principal), std::string_view(event.action), std::string_view(event.resource),
        std::string_view(event.session_id), std::string_view(event.request_id),
        std::string_view(event.source), std::string_view(event.detail), previous_mac}) {
    append_field(text, field);
  }
  std::uint8_t numbers[16];
  write_u64(numbers, static_cast<std::uint64_t>(event.seq));
  write_u64(numbers + 8, static_cast<std::uint64_t>(to_millis(event.at)));
  text += as_text(numbers);
  return to_base64(hmac_sha256(as_bytes(event_key_.reveal()), text));
}

std::string Trail::signature_of(Checkpoint const& checkpoint) const {
  std::string text;
  for (auto const& field : {checkpoint.chain, std::to_string(checkpoint.seq), checkpoint.mac})
    append_field(text, field);
  return to_base64(hmac_sha256(as_bytes(checkpoint_key_.reveal()), text));
}

bool Trail::is_genuine(Checkpoint const& checkpoint) const {
  return equal_in_constant_time(signature_of(checkpoint), checkpoint.signature);
}

Result<void> Trail::append(store::Transaction& transaction, Event event) const {
  TRY(auto head, checkpoint(transaction));
  event.chain = head.chain;
  event.seq = head.seq + 1;
  if (event.detail.empty()) event.detail = "{}";
  event.mac = mac_of(event, head.mac);
  CHECK(transaction.run(
      "insert into events (chain, seq, at, kind, outcome, principal, action, resource, session_id, "
      "request_id, source,"
      " detail, mac) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      event.chain, event.seq, event.at, event.kind, event.outcome, event.principal, event.action,
      event.resource, event.session_id, event.request_id, event.source, event.detail, event.mac));
  return success();
}

Result<Checkpoint> Trail::checkpoint(store::Transaction& transaction) const {
  TRY(auto row, transaction.first("select seq, mac from events where chain = $1 order by seq desc limit 1",
                                  kMainChain));
  Checkpoint head;
  if (row) {
    head.seq = row->integer(0);
    head.mac = row->text(1);
  }
  head.signature = signature_of(head);
  return head;
}

Result<Trail::Verdict> Trail::verify(store::Transaction& transaction, std::vector<Checkpoint> checkpoints,
                                     std::optional<Checkpoint> voucher) const {
  Verification verification(*this, std::move(checkpoints), std::move(voucher));
  for (bool more = true; more;) {
    TRY(more, verification.examine_page(transaction));
  }
  return verification.finish();
}

void Verification::fault(std::string sentence) {
  if (verdict_.faults.size() < 20) verdict_.faults.push_back(std::move(sentence));
}

Result<bool> Verification::examine_page(store::Transaction& transaction) {
  TRY(auto events, events_after(transaction, expected_ - 1));
  for (auto const& event : events) examine(event);
  return static_cast<std::int64_t>(events.size()) == kPage;
}

void Verification::examine(Event const& event) {
  verdict_.events++;
  if (event.seq != expected_)
    fault("events " + std::to_string(expected_) + " to " + std::to_string(event.seq - 1) + " are missing");
  if (trail_.mac_of(event, previous_mac_) != event.mac) {
    fault("event " + std::to_string(event.seq) +
          " does not fit its MAC: it, or its place in the chain, was altered");
  }
  for (auto const& checkpoint : checkpoints_) {
    if (checkpoint.seq == event.seq && checkpoint.mac != event.mac)
      fault("event " + std::to_string(event.seq) + " is not the one that the checkpoint knows");
  }
  if (event.kind == kCheckpointLost && event.seq > vouched_) {
    fault("event " + std::to_string(event.seq) +
          ": the checkpoint file was missing when the plane started at " + to_iso_seconds(event.at) +
          "; whether events were cut off before, only a checkpoint kept elsewhere tells (--checkpoint FILE)");
  }
  previous_mac_ = event.mac;
  expected_ = event.seq + 1;
}

Trail::Verdict Verification::finish() {
  for (auto const& checkpoint : checkpoints_) {
    if (!trail_.is_genuine(checkpoint))
      fault("the checkpoint at event " + std::to_string(checkpoint.seq) +
            " is not signed by this deployment");
    if (checkpoint.seq >= expected_) {
      fault("the trail ends at event " + std::to_string(expected_ - 1) + ", the checkpoint knows " +
            std::to_string(checkpoint.seq) + ": its end was cut off");
    }
  }
  return std::move(verdict_);
}

Result<std::vector<Event>> list_events(store::Transaction& transaction, EventFilter const& filter,
                                       std::int64_t most) {
  TRY(auto rows,
      transaction.query(
          "select chain, seq, at, kind, outcome, principal, action, resource, session_id, request_id, "
          "source, detail, mac"
          " from events where chain = $1 and ($2 = 0 or seq < $2) and ($3 = '' or kind = $3) and ($4 = '' or "
          "outcome = $4)"
          " and ($5 = '' or principal = $5) and ($6 = '' or session_id = $6) and ($7 = '' or request_id = $7)"
          " order by seq desc limit $8",
          kMainChain, filter.before, filter.kind, filter.outcome, filter.principal, filter.session_id,
          filter.request_id, most));
  std::vector<Event> events;
  for (auto const& row : rows) events.push_back(read_event(row));
  return events;
}

Result<void> for_each_event(store::Transaction& transaction,
                            std::function<Result<void>(Event const&)> visit) {
  for (std::int64_t after = 0;;) {
    TRY(auto events, events_after(transaction, after));
    for (auto const& event : events) CHECK(visit(event));
    if (static_cast<std::int64_t>(events.size()) < kPage) return success();
    after = events.back().seq;
  }
}

}  // namespace fumidai::audit
