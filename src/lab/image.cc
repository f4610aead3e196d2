#include "lab/image.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/digest.h"
#include "base/random.h"
#include "lab/skeleton.h"

namespace fumidai::lab {

namespace fs = std::filesystem;

namespace {

std::string id_of(std::string_view name) {
  return "ami-" + sha256_hex("fumidai image " + std::string(name)).substr(0, 17);
}

std::string architecture() {
  utsname names{};
  ::uname(&names);
  return std::string_view(names.machine) == "aarch64" ? "arm64" : names.machine;
}

// When the files came to be, as far as one can tell.
Time created(io::Path const& release) {
  struct stat found {};
  if (::stat(release.c_str(), &found) != 0) return Time();
  return Time(std::chrono::seconds(found.st_mtim.tv_sec));
}

// ID and VERSION_ID: "debian-12".
std::string release_name(io::Path const& release) {
  std::string id = "linux", version;
  auto text = io::read_file(release, 64 * 1024);
  if (!text) return id;
  for (auto line : split(*text, '\n')) {
    auto value = line.substr(std::min(line.find('=') + 1, line.size()));
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    if (line.starts_with("ID=")) id = value;
    if (line.starts_with("VERSION_ID=")) version = "-" + std::string(value);
  }
  return id + version;
}

}  // namespace

Image machine_image() {
  Image image;
  image.architecture = architecture();
  image.name = "fumidai/" + release_name("/usr/lib/os-release") + "-" + image.architecture;
  image.id = id_of(image.name);
  image.description = "The programs of the machine that the lab runs on, with an /etc of its own";
  image.created = created("/usr/lib/os-release");
  return image;
}

Result<Image> directory_image(io::Path directory) {
  std::error_code failure;
  auto path = fs::canonical(directory, failure);
  if (failure || !fs::is_directory(path, failure))
    return Error{Errc::invalid, "the image " + directory.string() + " is no directory"};
  if (!fs::exists(path / "usr/sbin/sshd", failure)) {
    return Error{Errc::invalid,
                 "the image " + path.string() + " has no /usr/sbin/sshd; install an OpenSSH server into it"};
  }
  Image image;
  image.directory = path;
  image.architecture = architecture();
  image.name = path.filename().string();
  image.id = id_of(path.string());
  image.description = "The directory " + path.string();
  image.created = created(path / "usr/lib/os-release");
  return image;
}

namespace {

// On a machine whose /bin is no link to /usr/bin, such folders are layers of their own.
bool is_own_folder(io::Path const& path) {
  std::error_code ignored;
  return fs::is_directory(fs::symlink_status(path, ignored));
}

}  // namespace

Result<std::vector<Layer>> prepare_image(Image const& image, io::Path const& store) {
  bool is_machine = image.directory.empty();
  // An instance may run on it: what is there is not changed, and a new kind gets a new name.
  auto skeleton = store / (image.id + "-" + kSkeletonVersion);
  TRY(auto is_there, io::exists(skeleton));
  if (!is_there) {
    CHECK(io::make_directory(store, 0755));
    auto draft = store / (".draft-" + random_hex(16));
    auto made = is_machine ? make_machine_skeleton(draft) : make_directory_skeleton(image.directory, draft);
    std::error_code failure;
    if (made) fs::rename(draft, skeleton, failure);
    if (!made || failure) {
      std::error_code ignored;
      fs::remove_all(draft, ignored);
    }
    if (!made) return made.error();
    TRY(is_there, io::exists(skeleton));  // two may have made it at once
    if (!is_there) return Error{Errc::system, "make " + skeleton.string() + ": " + failure.message()};
  }
  if (!is_machine) return std::vector<Layer>{{{skeleton, image.directory}, "/"}};
  std::vector<Layer> layers = {{{skeleton}, "/"}, {{"/usr"}, "/usr"}};
  for (auto const& name : kProgramFolders)
    if (is_own_folder(std::string("/") + name))
      layers.push_back({{std::string("/") + name}, std::string("/") + name});
  return layers;
}

}  // namespace fumidai::lab
