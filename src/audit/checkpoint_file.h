#pragma once

// The newest checkpoint, in a file beside the store. Written after each commit, in place and without waiting
// for the disk: it may lag behind the store after a power failure, and never runs ahead of it. It only ever
// moves on: when the store no longer has the event that the file knows, the file is left as it is, so that
// what was cut off stays known, also over restarts.

#include <filesystem>

#include "audit/trail.h"

namespace fumidai::audit {

class CheckpointFile {
 public:
  static Result<CheckpointFile> open(std::filesystem::path const& path, Trail const& trail);
  CheckpointFile(CheckpointFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        turn_(other.turn_),
        newest_(std::move(other.newest_)),
        told_(other.told_) {}
  CheckpointFile& operator=(CheckpointFile&&) = delete;
  ~CheckpointFile();

  // Writes the head of the trail. Failures are left to the next time: the trail itself is in the store.
  void advance(store::Transaction& transaction, Trail const& trail);

 private:
  CheckpointFile(int descriptor, Checkpoint newest) : descriptor_(descriptor), newest_(std::move(newest)) {}
  bool is_reached(store::Transaction& transaction) const;
  void write(Checkpoint const& checkpoint);

  int descriptor_;
  unsigned turn_ = 0;
  Checkpoint newest_;
  bool told_ = false;  // that the store lost events
};

// The genuine checkpoint with the highest number in the file, if there is one.
std::optional<Checkpoint> read_checkpoint_file(std::filesystem::path const& path, Trail const& trail);

}  // namespace fumidai::audit
