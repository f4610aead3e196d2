#include "agent/identity.h"

#include <boost/describe/class.hpp>

#include "wire/json_shape.h"

namespace fumidai::agent {

namespace {

struct Record {
  std::string url, ca, region, instance_id;
  Bytes private_key;
  std::string fingerprint, session_user;
  bool of_ec2 = false;
  std::string channel_url;
};
BOOST_DESCRIBE_STRUCT(Record, (),
                      (url, ca, region, instance_id, private_key, fingerprint, session_user, of_ec2,
                       channel_url))

io::Path file_in(io::Path const& state_directory) {
  return state_directory / "identity.json";
}

}  // namespace

Result<Identity> load_identity(io::Path const& state_directory) {
  auto text = io::read_file(file_in(state_directory), 1024 * 1024);
  if (!text && text.error().code == Errc::not_found) {
    return Error{Errc::not_found, "this host is not registered (no " + file_in(state_directory).string() +
                                      "); run: fumidai-agent register --state-dir " +
                                      state_directory.string()};
  }
  if (!text) return text.error();
  auto record = wire::from_json_text<Record>(*text);
  if (!record || record->instance_id.empty()) {
    return Error{Errc::corrupt, file_in(state_directory).string() +
                                    " cannot be read; restore it, or remove it and register this host again"};
  }
  return Identity{record->url,
                  record->ca,
                  record->region,
                  record->instance_id,
                  Secret(std::string(as_text(record->private_key))),
                  record->fingerprint,
                  record->session_user,
                  record->of_ec2,
                  record->channel_url};
}

Result<void> save_identity(io::Path const& state_directory, Identity const& identity) {
  CHECK(io::make_directory(state_directory, 0700));
  Record record{identity.url,
                identity.ca_pem,
                identity.region,
                identity.instance_id,
                to_bytes(as_bytes(identity.private_key.reveal())),
                identity.fingerprint,
                identity.session_user,
                identity.of_ec2,
                identity.channel_url};
  return io::write_file(file_in(state_directory), wire::to_json_text(record) + "\n", 0600);
}

}  // namespace fumidai::agent
