#include "audit/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "base/bytes.h"
#include "base/log.h"

namespace fumidai::audit {

namespace {
// Two places, written in turn: a crash in the middle of one leaves the other.
constexpr std::size_t kPlace = 512;
}  // namespace

Result<std::unique_ptr<CheckpointFile>> CheckpointFile::open(std::filesystem::path const& path,
                                                             Trail const& trail) {
  auto newest = read_checkpoint_file(path, trail);
  int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_error("open " + path.string());
  return std::unique_ptr<CheckpointFile>(new CheckpointFile(path, descriptor, std::move(newest)));
}

CheckpointFile::~CheckpointFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool CheckpointFile::is_reached(store::Transaction& transaction) const {
  if (newest_.seq == 0) return true;
  auto row =
      transaction.first("select mac from events where chain = $1 and seq = $2", newest_.chain, newest_.seq);
  return row && *row && (*row)->text(0) == newest_.mac;
}

void CheckpointFile::advance(store::Transaction& transaction, Trail const& trail) {
  if (!is_reached(transaction)) {
    if (!std::exchange(told_, true)) {
      log_error(
          "the audit trail was cut off or rewritten: the store lacks an event that audit-checkpoint knows",
          {{"event", newest_.seq}, {"next", "run `fumidai audit verify`, and compare with your backups"}});
    }
    return;
  }
  auto head = trail.checkpoint(transaction);
  if (!head || head->seq <= newest_.seq) return;
  write(*head);
  std::lock_guard lock(mutex_);
  newest_ = std::move(*head);
}

CheckpointFile::Known CheckpointFile::known(Trail const& trail) const {
  Known known;
  {
    std::lock_guard lock(mutex_);
    if (newest_.seq > 0) known.checkpoints.push_back(newest_);
  }
  auto in_file = read_checkpoint_file(path_, trail);
  if (in_file) known.checkpoints.push_back(std::move(*in_file));
  if (!in_file && !known.checkpoints.empty()) known.fault = missing_checkpoint_file(path_);
  return known;
}

std::string missing_checkpoint_file(std::filesystem::path const& path) {
  return "the checkpoint file " + path.string() + " is missing, or not of this deployment";
}

void CheckpointFile::write(Checkpoint const& checkpoint) {
  auto text = checkpoint.to_text();
  if (text.size() > kPlace) return;
  text.insert(text.size() - 1, kPlace - text.size(), ' ');
  auto at = static_cast<off_t>(turn_++ % 2 * kPlace);
  [[maybe_unused]] auto written = ::pwrite(descriptor_, text.data(), text.size(), at);
}

std::optional<Checkpoint> read_checkpoint_file(std::filesystem::path const& path, Trail const& trail) {
  std::ifstream file(path);
  std::optional<Checkpoint> newest;
  for (std::string line; std::getline(file, line);) {
    auto checkpoint = Checkpoint::parse(trimmed(line));
    if (!checkpoint || !trail.is_genuine(*checkpoint)) continue;
    if (!newest || checkpoint->seq > newest->seq) newest = *checkpoint;
  }
  return newest;
}

}  // namespace fumidai::audit
