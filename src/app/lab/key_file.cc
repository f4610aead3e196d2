#include "app/lab/key_file.h"

#include "base/ssh_key.h"

namespace fumidai::app {

namespace {

Result<std::string> make_key(io::Path const& file) {
  auto pair = generate_ssh_key(SshKeyType::ed25519);
  CHECK(io::make_directory(file.parent_path(), 0700));
  CHECK(io::write_file(file, pair.private_key.reveal(), 0600));
  return pair.public_key.line;
}

}  // namespace

Result<std::string> public_half_of(io::Path const& file) {
  TRY(bool is_there, io::exists(file));
  if (!is_there) return make_key(file);
  TRY(auto text, io::read_file(file));
  auto half = public_half(Secret(std::move(text)));
  if (half) return half->line;
  return Error{half.error().code, file.string() + " holds no key that can be used: " + half.error().detail +
                                      ". Put the key back, or move the file away to have another made."};
}

}  // namespace fumidai::app
