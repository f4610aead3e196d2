#include "lab/space.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

namespace fumidai::lab {

namespace {

constexpr auto kDirectory = "/run/netns";

std::string path_of(std::string const& name) {
  return std::string(kDirectory) + "/" + name;
}

// A mount point of its own, and shared: whoever copied the mounts before loses a namespace when we remove it.
Result<void> prepare_directory() {
  std::error_code failure;
  std::filesystem::create_directories(kDirectory, failure);
  if (failure) return system_error(std::string("make ") + kDirectory, failure.value());
  if (::mount("", kDirectory, "none", MS_SHARED | MS_REC, nullptr) == 0) return success();
  if (::mount(kDirectory, kDirectory, "none", MS_BIND | MS_REC, nullptr) != 0 ||
      ::mount("", kDirectory, "none", MS_SHARED | MS_REC, nullptr) != 0) {
    return system_error(std::string("mount ") + kDirectory);
  }
  return success();
}

// The thread's state changes with it, so it must be one that ends.
Result<void> on_own_thread(std::function<Result<void>()> const& work) {
  std::optional<Result<void>> outcome;
  try {
    std::thread([&] { outcome = work(); }).join();
  } catch (std::system_error const& error) {
    return Error{Errc::system, std::string("start a thread: ") + error.what()};
  }
  return *outcome;
}

Result<void> mount_new_space(std::string const& path) {
  return on_own_thread([&]() -> Result<void> {
    if (::unshare(CLONE_NEWNET) != 0) return system_error("make a network namespace");
    if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0) {
      return system_error("mount " + path);
    }
    return success();
  });
}

}  // namespace

Result<SpaceHandle> SpaceHandle::open(std::string const& name) {
  auto path = name.empty() ? "/proc/thread-self/ns/net" : path_of(name);
  SpaceHandle handle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (handle.descriptor_ < 0) return system_error("open namespace " + path);
  struct statfs found {};
  if (::fstatfs(handle.descriptor_, &found) != 0 || found.f_type != NSFS_MAGIC) {
    return Error{Errc::not_found, path + " is not a namespace"};
  }
  return handle;
}

SpaceHandle::~SpaceHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t SpaceHandle::identity() const {
  struct stat found {};
  return ::fstat(descriptor_, &found) == 0 ? found.st_ino : 0;
}

Result<std::vector<std::string>> spaces_with(std::string_view prefix) {
  std::vector<std::string> names;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(kDirectory, failure), end; !failure && at != end;
       at.increment(failure)) {
    auto name = at->path().filename().string();
    if (name.starts_with(prefix)) names.push_back(std::move(name));
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    return system_error(std::string("read ") + kDirectory, failure.value());
  }
  std::ranges::sort(names);
  return names;
}

Result<void> create_space(std::string const& name) {
  CHECK(prepare_directory());
  auto path = path_of(name);
  // There already when we died before the mount.
  int file = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
  if (file < 0) return system_error("make " + path);
  ::close(file);
  return mount_new_space(path);
}

Result<void> remove_space(std::string const& name) {
  auto path = path_of(name);
  // EINVAL: a crash left the file alone.
  if (::umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT) {
    return system_error("unmount " + path);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove " + path);
  return success();
}

Result<void> within(SpaceHandle const& space, std::function<Result<void>()> const& work) {
  return on_own_thread([&]() -> Result<void> {
    if (::setns(space.descriptor(), CLONE_NEWNET) != 0) return system_error("enter a network namespace");
    return work();
  });
}

Result<Links> links_of(SpaceHandle const& space) {
  Links links;
  CHECK(within(space, [&]() -> Result<void> {
    auto* all = ::if_nameindex();
    if (all == nullptr) return system_error("list links");
    for (auto* each = all; each->if_index != 0; each++) links[each->if_name] = each->if_index;
    ::if_freenameindex(all);
    return success();
  }));
  return links;
}

}  // namespace fumidai::lab
