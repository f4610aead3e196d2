#pragma once

// Network namespaces by name, as ip-netns(8) keeps them: files of /run/netns.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fumidai::lab {

// An open namespace. Stays one while it is held, even when its name goes.
class SpaceHandle {
 public:
  // The machine's own for an empty name. Error: not_found, also for a file that is no namespace.
  static Result<SpaceHandle> open(std::string const& name);
  SpaceHandle(SpaceHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  SpaceHandle& operator=(SpaceHandle&&) = delete;
  ~SpaceHandle();

  int descriptor() const { return descriptor_; }
  std::uint64_t identity() const;  // equal for the same namespace only

 private:
  explicit SpaceHandle(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Names that begin with the prefix: also those whose file a crash left without a namespace.
Result<std::vector<std::string>> spaces_with(std::string_view prefix);
Result<void> create_space(std::string const& name);
// The name; the namespace itself goes when nobody is in it any more. Not there: success.
Result<void> remove_space(std::string const& name);

// The links of a namespace and their numbers, which no other link of it ever has.
using Links = std::map<std::string, unsigned>;
Result<Links> links_of(SpaceHandle const& space);

// Runs the work in the namespace, on a thread of its own, and waits for it. The thread's children and sockets
// begin there too.
Result<void> within(SpaceHandle const& space, std::function<Result<void>()> const& work);

}  // namespace fumidai::lab
