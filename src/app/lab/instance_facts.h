#pragma once

// What the store knows of an instance, for its metadata service and for the one who starts it.

#include "identity/deployment.h"
#include "io/key_signer.h"
#include "lab/instance_spec.h"
#include "lab/metadata.h"
#include "networks/keeper.h"
#include "sessions/gate.h"

namespace fumidai::app {

// What the metadata service tells. Credentials are made, and pushed keys signed, when they are wanted: a
// request for anything else costs none. Error: not_found, for an instance that is not there.
Result<lab::MetadataFacts> metadata_facts(store::Transaction& transaction, sessions::Gate& gate,
                                          io::KeySigner& signer, networks::State const& state,
                                          InstanceId const& instance, lab::Metadata::Credentials wanted);

}  // namespace fumidai::app
