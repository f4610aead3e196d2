#pragma once

// The newest checkpoint, in a file beside the store. Written after each commit, in place and without waiting
// for the disk: it may lag behind the store after a power failure, and never runs ahead of it. It only ever
// moves on: when the store no longer has the event that the file knows, the file is left as it is, so that
// what was cut off stays known, also over restarts. Written by the store's thread, asked by others.

#include <filesystem>
#include <memory>
#include <mutex>

#include "audit/trail.h"

namespace fumidai::audit {

class CheckpointFile {
 public:
  static Result<std::unique_ptr<CheckpointFile>> open(std::filesystem::path const& path, Trail const& trail);
  CheckpointFile(CheckpointFile const&) = delete;
  ~CheckpointFile();

  // Whether it had no checkpoint of this deployment when it was opened: with events in the store, it was
  // lost.
  bool was_missing() const { return was_missing_; }
  // What the trail has to reach: the newest that this process knows, and the file's. Where the file has none,
  // a fault says so.
  struct Known {
    std::vector<Checkpoint> checkpoints;
    std::optional<std::string> fault;
  };
  Known known(Trail const& trail) const;

  // Writes the head of the trail. Failures are left to the next time: the trail itself is in the store.
  void advance(store::Transaction& transaction, Trail const& trail);

 private:
  CheckpointFile(std::filesystem::path path, int descriptor, std::optional<Checkpoint> newest)
      : path_(std::move(path)),
        descriptor_(descriptor),
        was_missing_(!newest),
        newest_(std::move(newest).value_or(Checkpoint{})) {}
  bool is_reached(store::Transaction& transaction) const;
  void write(Checkpoint const& checkpoint);

  std::filesystem::path path_;
  int descriptor_;
  bool was_missing_;
  unsigned turn_ = 0;
  mutable std::mutex mutex_;  // of newest_
  Checkpoint newest_;
  bool told_ = false;  // that the store lost events
};

// The genuine checkpoint with the highest number in the file, if there is one.
std::optional<Checkpoint> read_checkpoint_file(std::filesystem::path const& path, Trail const& trail);
std::string missing_checkpoint_file(std::filesystem::path const& path);  // the fault

}  // namespace fumidai::audit
