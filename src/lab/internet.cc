#include "lab/internet.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ranges>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/random.h"
#include "io/file.h"
#include "lab/command.h"
#include "wire/url.h"

namespace fumidai::lab {

namespace {

namespace fs = std::filesystem;

constexpr auto kPackage = "fumidai-hello", kVersion = "1.0";
constexpr std::chrono::seconds kPatience{20};

constexpr auto kPage =
    "<!doctype html>\n"
    "<title>The internet of the lab</title>\n"
    "<p>You are outside. There is a Debian repository at <a href=\"/debian/\">/debian</a>.</p>\n";

// As in the package and, with more, in the repository's list.
std::string control_text() {
  return fmt::format(
      "Package: {}\n"
      "Version: {}\n"
      "Architecture: all\n"
      "Maintainer: the lab <lab@example.com>\n"
      "Section: misc\n"
      "Priority: optional\n"
      "Description: says hello\n"
      " Shows that its host reaches the internet of the lab.\n",
      kPackage, kVersion);
}

std::string deb_name() {
  return fmt::format("{}_{}_all.deb", kPackage, kVersion);
}

Result<void> build_package(std::string const& repository) {
  auto tree = repository + "/.tree-" + random_hex(8);
  CHECK(io::make_directory(tree + "/DEBIAN"));
  CHECK(io::make_directory(tree + "/usr/bin"));
  CHECK(io::write_file(tree + "/DEBIAN/control", control_text()));
  CHECK(io::write_file(tree + "/usr/bin/" + kPackage,
                       "#!/bin/sh\necho 'hello from the internet of the lab'\n", 0755));
  auto built = run_command(
      {"/usr/bin/dpkg-deb", "--root-owner-group", "--build", tree, repository + "/" + deb_name()}, kPatience);
  std::error_code ignored;
  fs::remove_all(tree, ignored);
  if (!built && built.error().code == Errc::not_found) {
    return Error{Errc::unsupported, "the lab's package repository needs dpkg-deb; run: apt-get install dpkg"};
  }
  return built;
}

// https://wiki.debian.org/DebianRepository/Format
Result<void> write_lists(std::string const& repository) {
  TRY(auto deb, io::read_file(repository + "/" + deb_name()));
  auto packages = control_text() + fmt::format("Filename: ./{}\nSize: {}\nSHA256: {}\n\n", deb_name(),
                                               deb.size(), sha256_hex(deb));
  CHECK(io::write_file(repository + "/Packages", packages));
  auto release = fmt::format(
      "Origin: lab\n"
      "Label: lab\n"
      "Suite: stable\n"
      "Architectures: all\n"
      "Date: Mon, 01 Jan 2024 00:00:00 UTC\n"
      "SHA256:\n"
      " {} {} Packages\n",
      sha256_hex(packages), packages.size());
  return io::write_file(repository + "/Release", release);
}

// The path beneath the directory; nothing for one that would lead elsewhere, or to what is hidden.
std::optional<fs::path> path_beneath(std::string const& directory, std::string_view target) {
  auto path = wire::percent_decode(target);
  if (!path || path->find('\0') != path->npos) return {};
  fs::path beneath(directory);
  for (auto part : split(*path, '/')) {
    if (part.starts_with('.') && part != ".") return {};
    if (!part.empty() && part != ".") beneath /= part;
  }
  return beneath;
}

wire::HttpResponse plain(unsigned status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

}  // namespace

Result<void> make_internet(std::string const& directory) {
  auto repository = directory + "/debian";
  TRY(bool made, io::exists(repository + "/Release"));  // the last to be written
  if (made) return success();
  CHECK(io::make_directory(repository));
  CHECK(io::write_file(directory + "/index.html", kPage));
  CHECK(build_package(repository));
  return write_lists(repository);
}

wire::HttpResponse answer(wire::HttpRequest const& request, std::string const& directory) {
  if (request.method != "GET" && request.method != "HEAD") return plain(405, "only GET and HEAD\n");
  auto path = path_beneath(directory, request.path());
  std::error_code unknown;
  if (path && fs::is_directory(*path, unknown)) *path /= "index.html";
  // A link could lead out.
  if (!path || fs::symlink_status(*path, unknown).type() != fs::file_type::regular)
    return plain(404, "not found\n");
  auto text = io::read_file(*path);
  if (!text) return plain(404, "not found\n");
  auto type = path->extension() == ".html" ? "text/html; charset=utf-8" : "application/octet-stream";
  return {200, {{"Content-Type", type}}, request.method == "HEAD" ? "" : *std::move(text)};
}

}  // namespace fumidai::lab
