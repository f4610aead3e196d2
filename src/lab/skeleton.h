#pragma once

// The generated part of an image: users, PAM, sshd, sudo, and the few public files of this machine's /etc
// that programs need (certificates, alternatives, the linker's cache). Nothing else of the host is read.

#include "base/result.h"
#include "io/file.h"

namespace fumidai::lab {

// Changes with what is generated.
inline constexpr char const* kSkeletonVersion = "4";

// Beside /usr.
inline constexpr char const* kProgramFolders[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

// A whole root but for /usr, for the machine's own programs. Error: system.
Result<void> make_machine_skeleton(io::Path const& root);

// What has to be laid over a directory: its users with ours, sshd's configuration. Error: system.
Result<void> make_directory_skeleton(io::Path const& image, io::Path const& root);

// What all may read of a public folder: small files, and links, which keep their text and must not lead out
// of /usr and the folder. Error: system.
Result<void> copy_public_folder(io::Path const& from, io::Path const& to);

// A users' file of /etc with a line for each user of ours that it lacks. `kind` is passwd, group or shadow.
// Pure.
std::string with_our_users(std::string text, std::string_view kind);

}  // namespace fumidai::lab
