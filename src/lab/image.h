#pragma once

// What an instance's files are made of: the programs of this machine, or a directory given as image. An image
// is read-only; what instances write goes to layers of their own.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/file.h"

namespace fumidai::lab {

struct Image {
  std::string id;  // of its files: ami- and 17 digits, the same for the same name on every start
  std::string name, description;  // as DescribeImages tells them
  std::string architecture;       // x86_64 or arm64
  Time created;
  io::Path directory = {};  // empty: this machine's programs
};

// This machine's own programs (/usr, and /bin, /sbin, /lib* where they are no links into it) with a generated
// /etc.
Image machine_image();
// A directory with a root file system, called by its last name. It is trusted like the machine: who may write
// to it is root in its instances. Errors: invalid (no directory, or no /usr/sbin/sshd in it).
Result<Image> directory_image(io::Path directory);

// A directory that is seen at a place in the instance, below what the instance writes there itself.
struct Layer {
  std::vector<io::Path> lower;  // uppermost first
  std::string at;               // "/", "/usr"
};

// Makes what has to be generated for the image below `store`, once; blocking, tens of milliseconds the first
// time. The layers in the order in which they are mounted. Error: system.
Result<std::vector<Layer>> prepare_image(Image const& image, io::Path const& store);

}  // namespace fumidai::lab
