#include "sessions/relayed_stream.h"

#include "base/random.h"

namespace fumidai::sessions {

RelayedStream::RelayedStream() : key_(random_secret(16)) {}

// Eight bytes a number are enough, since the key keeps their sender from searching for two payloads with one
// mark.
std::uint64_t RelayedStream::mark_of(Digest const& digest, std::uint32_t type) const {
  std::string text = key_.reveal();
  text += as_text(digest);
  text += std::to_string(type);
  auto mark = read_u64(sha256(text).data());
  return mark == 0 ? 1 : mark;
}

RelayedStream::Verdict RelayedStream::on_data(std::int64_t sequence, Digest const& digest,
                                              std::uint32_t type) {
  if (sequence < 0) return Verdict::ignore;
  if (!first_) {
    first_ = sequence;
    oldest_ = sequence;
  }
  if (sequence <= covered_) return Verdict::answer;
  if (sequence < *first_) {
    if (older_.size() >= kMostAhead && !older_.contains(sequence)) return Verdict::ignore;
    return judge(older_[sequence], mark_of(digest, type));
  }
  if (sequence < oldest_) return Verdict::answer;
  if (sequence - oldest_ >= kMostAhead) return Verdict::ignore;
  auto index = static_cast<std::size_t>(sequence - oldest_);
  if (index >= seen_.size()) seen_.resize(index + 1);
  return judge(seen_[index], mark_of(digest, type));
}

RelayedStream::Verdict RelayedStream::judge(Seen& seen, std::uint64_t mark) {
  if (seen.mark != 0 && seen.mark != mark) return Verdict::altered;
  bool is_new = std::exchange(seen.mark, mark) == 0;
  if (seen.acknowledged) return Verdict::answer;
  return is_new ? Verdict::forward : Verdict::repeat;
}

void RelayedStream::on_acknowledge(std::int64_t sequence, bool covers_all_before) {
  acknowledge_older(sequence, covers_all_before);
  if (!first_ || sequence < oldest_) return;
  auto index = static_cast<std::size_t>(sequence - oldest_);
  if (index >= seen_.size() || seen_[index].mark == 0) return;  // of what never passed here
  for (auto i = covers_all_before ? 0 : index; i <= index; i++) seen_[i].acknowledged = true;
  while (!seen_.empty() && seen_.front().acknowledged) {
    seen_.pop_front();
    oldest_++;
  }
}

void RelayedStream::acknowledge_older(std::int64_t sequence, bool covers_all_before) {
  auto beyond = older_.upper_bound(sequence);
  if (beyond == older_.begin()) return;
  auto last = std::prev(beyond);
  if (covers_all_before) {
    covered_ = last->first;
    older_.erase(older_.begin(), beyond);
  } else if (last->first == sequence) {
    last->second.acknowledged = true;
  }
}

}  // namespace fumidai::sessions
