#pragma once

// What is known about a request besides who, what and where: condition keys with their values. The server
// fills it for one request; policies read it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fumidai::policy {

// The name of a condition key: "aws:SourceIp". Equal to another without regard to case; keeps how it was
// written.
class Key {
 public:
  explicit Key(std::string_view name);

  std::string const& name() const { return name_; }
  std::size_t hash() const { return hash_; }
  friend bool operator==(Key const& a, Key const& b) { return a.hash_ == b.hash_ && a.folded_ == b.folded_; }

 private:
  std::string name_, folded_;
  std::size_t hash_;  // of the folded name
};

class Context {
 public:
  // A key has at least one value or is absent: setting no values removes it.
  void set(std::string_view key, std::vector<std::string> values);
  void set(std::string_view key, std::string value);
  void add(std::string_view key, std::string value);
  void remove(std::string_view key) { set(key, std::vector<std::string>{}); }

  // Null when the key is absent. Valid until the context changes.
  std::vector<std::string> const* find(Key const& key) const;
  std::vector<std::string> const* find(std::string_view key) const { return find(Key(key)); }

 private:
  struct Entry {
    Key key;
    std::vector<std::string> values;
  };
  std::vector<Entry> entries_;
  // Of each entry, beside each other: a decision looks up a key for each condition that it meets.
  std::vector<std::size_t> hashes_;
};

}  // namespace fumidai::policy
