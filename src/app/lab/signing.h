#pragma once

// The authority that signs pushed keys for the instances of a lab, kept sealed in the store.

#include "identity/deployment.h"
#include "io/key_signer.h"

namespace fumidai::app {

// Made the first time. Errors: those of the store.
Result<io::SignerAuthority> signer_authority(store::Transaction& transaction,
                                             identity::Deployment const& deployment, Time now);

}  // namespace fumidai::app
