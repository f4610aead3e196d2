#pragma once

// The deployment as a whole: its account and region, and the keys that come from the deployment secret. The
// secret is not in the store, so that a copy of the store is of no use without it.

#include <string>

#include "base/secret.h"
#include "model/arn.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct Deployment {
  std::string id;
  model::Region region;
  Secret secret;  // the deployment secret itself

  // Keys for one purpose each.
  Secret wrapping_key() const { return derive("wrapped keys"); }
  Secret session_token_key() const { return derive("temporary credentials"); }
  Secret channel_token_key() const { return derive("channel tokens"); }

 private:
  Secret derive(std::string_view purpose) const;
};

// Reads the deployment, or makes it at the first start: a random account number, and the region asked for.
// Errors: denied (the secret is not the one with which this store was made), conflict (another region than at
// first).
Result<Deployment> load_deployment(store::Transaction& transaction, Secret const& secret,
                                   std::string const& region, Time now);

// A key of the deployment, kept sealed in the store: made once by `make`.
template <class Make>
Result<Secret> sealed_key(store::Transaction& transaction, Deployment const& deployment,
                          std::string const& name, Make make);

Result<std::optional<Secret>> find_sealed_key(store::Transaction& transaction, Deployment const& deployment,
                                              std::string const& name);
Result<void> put_sealed_key(store::Transaction& transaction, Deployment const& deployment,
                            std::string const& name, Secret const& key);

template <class Make>
Result<Secret> sealed_key(store::Transaction& transaction, Deployment const& deployment,
                          std::string const& name, Make make) {
  TRY(auto found, find_sealed_key(transaction, deployment, name));
  if (found) return *std::move(found);
  Secret key = make();
  CHECK(put_sealed_key(transaction, deployment, name, key));
  return key;
}

}  // namespace fumidai::identity
