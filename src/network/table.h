#pragma once

// Values by their member `id`, in the order of their ids. Pointers into it last until it changes.

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace fumidai::network {

template <class Value>
class Table {
 public:
  using Key = decltype(Value::id);

  // In the place of the one with the same id, if there is one.
  void put(Value value) {
    auto at = place(values_, value.id);
    if (at != values_.end() && at->id == value.id) {
      *at = std::move(value);
    } else {
      values_.insert(at, std::move(value));
    }
  }
  void erase(Key const& id) {
    if (auto* value = find(id)) values_.erase(values_.begin() + (value - values_.data()));
  }

  // Null when there is none.
  Value const* find(Key const& id) const {
    auto at = place(values_, id);
    return at != values_.end() && at->id == id ? &*at : nullptr;
  }
  Value* find(Key const& id) { return const_cast<Value*>(std::as_const(*this).find(id)); }

  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  std::size_t size() const { return values_.size(); }

  friend bool operator==(Table const&, Table const&) = default;

 private:
  static auto place(auto& values, Key const& id) {
    return std::ranges::lower_bound(values, id, {}, &Value::id);
  }

  std::vector<Value> values_;
};

}  // namespace fumidai::network
