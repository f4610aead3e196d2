#pragma once

// Memory that the flowing channels of a process may hold beyond their windows, together: one that flows fast
// has more under way, many that stand still have not. Lives at least as long as the shares in it; one loop's.

#include <algorithm>
#include <cstddef>

namespace fumidai::wire {

class SpareRoom {
 public:
  explicit SpareRoom(std::size_t bytes) : left_(bytes) {}
  SpareRoom(SpareRoom const&) = delete;
  SpareRoom& operator=(SpareRoom const&) = delete;

  std::size_t left() const { return left_; }

  // What one holder has of it; goes back with it.
  class Share {
   public:
    // Of no room: always empty.
    explicit Share(SpareRoom* room) : room_(room) {}
    Share(Share const&) = delete;
    Share& operator=(Share const&) = delete;
    ~Share() { resize(0); }

    std::size_t size() const { return size_; }
    // What it could be.
    std::size_t most() const { return room_ == nullptr ? 0 : size_ + room_->left_; }
    // To `wanted`, or as much of it as there is.
    void resize(std::size_t wanted) {
      if (room_ == nullptr || wanted == size_) return;
      room_->left_ += size_;
      size_ = std::min(wanted, room_->left_);
      room_->left_ -= size_;
    }

   private:
    SpareRoom* room_;
    std::size_t size_ = 0;
  };

 private:
  std::size_t left_;
};

}  // namespace fumidai::wire
