#include "identity/deployment.h"

#include "base/bytes.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/seal.h"

namespace fumidai::identity {

namespace {

constexpr char const* kProof = "deployment proof";

Result<std::optional<std::string>> setting(store::Transaction& transaction, std::string_view name) {
  TRY(auto row, transaction.first("select value from settings where name = $1", name));
  return row ? std::optional(row->text(0)) : std::nullopt;
}

Result<void> put_setting(store::Transaction& transaction, std::string_view name, std::string const& value) {
  CHECK(transaction.run("insert into settings (name, value) values ($1, $2)", name, value));
  return success();
}

}  // namespace

Secret Deployment::derive(std::string_view purpose) const {
  return derive_key(secret, purpose);
}

Result<Deployment> load_deployment(store::Transaction& transaction, Secret const& secret,
                                   std::string const& region, Time now) {
  Deployment deployment;
  deployment.secret = secret;
  TRY(auto id, setting(transaction, "deployment-id"));
  if (!id) {
    deployment.id = random_hex(16);
    deployment.region = {region, random_text(1, "123456789") + random_text(11, "0123456789")};
    CHECK(put_setting(transaction, "deployment-id", deployment.id));
    CHECK(put_setting(transaction, "account", deployment.region.account));
    CHECK(put_setting(transaction, "region", region));
    CHECK(put_setting(transaction, "created-at", to_iso(now)));
    CHECK(put_sealed_key(transaction, deployment, kProof, Secret(deployment.id)));
    return deployment;
  }
  deployment.id = *id;
  TRY(auto account, setting(transaction, "account"));
  TRY(auto known_region, setting(transaction, "region"));
  if (!account || !known_region)
    return Error{Errc::corrupt, "the store lacks the settings of its deployment"};
  deployment.region = {*known_region, *account};
  auto proof = find_sealed_key(transaction, deployment, kProof);
  if (!proof || !*proof || !(*proof)->equals(deployment.id)) {
    return Error{Errc::denied,
                 "the deployment secret is not the one with which this data directory was made"};
  }
  if (region != *known_region) {
    return Error{Errc::conflict, "this deployment was made for the region " + *known_region + ", not " +
                                     region + "; a region cannot be changed"};
  }
  return deployment;
}

Result<std::optional<Secret>> find_sealed_key(store::Transaction& transaction, Deployment const& deployment,
                                              std::string const& name) {
  TRY(auto row, transaction.first("select sealed from sealed_keys where name = $1", name));
  if (!row) return std::optional<Secret>();
  TRY(auto sealed, from_base64(row->text(0)));
  TRY(auto key, open_sealed(deployment.wrapping_key(), as_text(sealed), "key " + name));
  return std::optional(std::move(key));
}

Result<void> put_sealed_key(store::Transaction& transaction, Deployment const& deployment,
                            std::string const& name, Secret const& key) {
  auto sealed = to_base64(as_bytes(seal(deployment.wrapping_key(), key.reveal(), "key " + name)));
  CHECK(
      transaction.run("insert into sealed_keys (name, sealed) values ($1, $2) on conflict (name) do update "
                      "set sealed = excluded.sealed",
                      name, sealed));
  return success();
}

}  // namespace fumidai::identity
