#pragma once

// An identifier that cannot be mistaken for another kind of identifier.

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace fumidai {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}

  std::string const& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend auto operator<=>(Id const&, Id const&) = default;

 private:
  std::string text_;
};

using SessionId = Id<struct SessionTag>;    // alice-0a1b2c3d4e5f60718
using InstanceId = Id<struct InstanceTag>;  // i-… or mi-…

}  // namespace fumidai

template <class Tag>
struct std::hash<fumidai::Id<Tag>> {
  std::size_t operator()(fumidai::Id<Tag> const& id) const noexcept {
    return std::hash<std::string>()(id.text());
  }
};
