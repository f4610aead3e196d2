#pragma once

// The newest checkpoint, in a file beside the store. Written after each commit, in place and without waiting
// for the disk: it may lag behind the store after a power failure, and never runs ahead of it.

#include <filesystem>

#include "audit/trail.h"

namespace fumidai::audit {

class CheckpointFile {
 public:
  static Result<CheckpointFile> open(std::filesystem::path const& path);
  CheckpointFile(CheckpointFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), turn_(other.turn_) {}
  CheckpointFile& operator=(CheckpointFile&&) = delete;
  ~CheckpointFile();

  // Failures are left to the next write: the trail itself is in the store.
  void write(Checkpoint const& checkpoint);

 private:
  explicit CheckpointFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  unsigned turn_ = 0;
};

// The genuine checkpoint with the highest number in the file, if there is one.
std::optional<Checkpoint> read_checkpoint_file(std::filesystem::path const& path, Trail const& trail);

}  // namespace fumidai::audit
