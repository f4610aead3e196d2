#pragma once

// How a server runs its lab.

#include "app/data_directory.h"
#include "app/server_config.h"
#include "io/file.h"
#include "lab/image.h"
#include "lab/sandbox.h"
#include "lab/settings.h"

namespace fumidai::app {

struct LabConfig {
  lab::Settings settings;
  io::Path directory;  // of the instances: what they are and what they write
  io::Path
      programs;  // the folder with the agent's programs, fumidai-instance-init and fumidai-authorized-keys
  io::Path amazon_ssm_agent;  // a folder with AWS's; empty: instances have ours
  io::Path image;             // a folder with a root file system; empty: this machine's programs

  // Error: invalid, for a folder that is no image.
  Result<lab::Image> make_image() const {
    return image.empty() ? lab::machine_image() : lab::directory_image(image);
  }
  // What the lab is called, for whoever has only the directory.
  io::Path label_file() const { return directory / "label"; }
  io::Path instances() const { return directory / "instances"; }
  io::Path instance(InstanceId const& id) const { return instances() / id.text(); }
};

LabConfig lab_config(ServerConfig const& config, DataDirectory const& directory);

}  // namespace fumidai::app
