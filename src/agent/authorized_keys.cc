#include "agent/authorized_keys.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "agent/keys_socket.h"
#include "base/rsa.h"
#include "io/key_signer.h"
#include "wire/authorized_keys.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
using Keys = std::vector<std::string>;

namespace {

constexpr auto kAltogether = 4s, kMetadataAlone = 2s;
constexpr char const* kManagedKeys = "/latest/meta-data/managed-ssh-keys/";

bool is_instance(KeysSources const& sources) {
  auto tag = io::read_file(sources.asset_tag, 4096);
  return !sources.agent_alone && tag && tag->starts_with("i-");
}

awaitable<Result<Keys>> ask_metadata(std::string user, std::string fingerprint, io::Path root_file) {
  CO_TRY(auto metadata, InstanceMetadata::make());
  CO_TRY(auto instance, co_await metadata.instance_id());
  auto file = co_await metadata.get(kManagedKeys + ("active-keys/" + user) + "/");
  if (!file && file.error().code == Errc::not_found) co_return Keys();
  if (!file) co_return file.error();
  CO_TRY(auto region, co_await metadata.region());
  CO_TRY(auto chain, co_await metadata.get(kManagedKeys + std::string("signer-cert/")));
  CO_TRY(auto root, io::read_file(root_file));
  auto now = SystemClock().now();
  CO_TRY(auto signer, io::check_signer_chain(chain, root, io::signer_name(region), now));
  CO_TRY(auto records, wire::parse_active_keys(*file));
  Keys keys;
  for (auto const& each : records) {
    if (wire::is_usable(each.key, InstanceId(instance), fingerprint, now) &&
        verify_pss(signer, each.signed_text, each.signature))
      keys.push_back(each.key.key);
  }
  co_return keys;
}

awaitable<Result<Keys>> ask_agent(std::string user, std::string fingerprint, io::Path path) {
  auto failed = [&](std::string const& what, boost::system::error_code why) {
    return Error{Errc::unavailable, what + " the agent at " + path.string() + ": " + why.message()};
  };
  asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
  if (path.string().size() > 100)
    co_return Error{Errc::invalid, "the socket's path is too long: " + path.string()};
  asio::local::stream_protocol::endpoint agent(path.string());
  auto [refused] = co_await socket.async_connect(agent, as_tuple(use_awaitable));
  if (refused) co_return failed("connect to", refused);
  auto question = user + "\n";
  auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(question), as_tuple(use_awaitable));
  if (unsent) co_return failed("ask", unsent);
  std::string answer;
  auto buffer = asio::dynamic_buffer(answer, wire::kMostActiveKeysText);
  auto [ended, size] = co_await asio::async_read(socket, buffer, as_tuple(use_awaitable));
  if (ended != asio::error::eof) co_return failed("read the answer of", ended);
  CO_TRY(auto keys, wire::parse_keys_answer(answer));
  std::erase_if(keys, [&](std::string const& key) {
    auto parsed = parse_ssh_public_key(key);
    return !parsed || parsed->line != key ||
           (!fingerprint.empty() && parsed->openssh_fingerprint() != fingerprint);
  });
  co_return keys;
}

awaitable<Result<Keys>> ask_either(std::string user, std::string fingerprint, KeysSources sources) {
  if (!is_instance(sources)) co_return co_await ask_agent(user, fingerprint, sources.socket);
  auto told = co_await io::within(kMetadataAlone, ask_metadata(user, fingerprint, sources.root));
  bool is_away =
      !told && (told.error().code == Errc::unavailable || told.error().code == Errc::deadline_exceeded);
  auto is_there = io::exists(sources.socket);
  if (!is_away || !is_there || !*is_there) co_return told;
  co_return co_await ask_agent(user, fingerprint, sources.socket);
}

}  // namespace

KeysSources default_keys_sources() {
  KeysSources sources;
  sources.socket = io::Path(kKeysDirectory) / kKeysSocket;
  sources.root = io::Path("/etc/ssl/certs") / (std::string(io::kSignerRootFile) + ".pem");
  sources.asset_tag = "/sys/devices/virtual/dmi/id/board_asset_tag";
  return sources;
}

awaitable<Result<Keys>> authorized_keys(std::string user, std::string fingerprint, KeysSources sources) {
  // To other names nobody can push; and none of them may become part of a path.
  if (!wire::is_os_user(user)) co_return Keys();
  co_return co_await io::within(kAltogether,
                                ask_either(std::move(user), std::move(fingerprint), std::move(sources)));
}

}  // namespace fumidai::agent
