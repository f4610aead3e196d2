#include "app/lab/lab_config.h"

namespace fumidai::app {

namespace {

// Beside this program.
io::Path program_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace

LabConfig lab_config(ServerConfig const& config, DataDirectory const& directory) {
  LabConfig lab;
  lab.settings.label = config.lab_label;
  lab.directory = directory.lab();
  lab.programs = program_folder();
  if (!config.lab_ssm_agent.empty()) lab.amazon_ssm_agent = std::filesystem::absolute(config.lab_ssm_agent);
  if (!config.lab_image.empty()) lab.image = std::filesystem::absolute(config.lab_image);
  return lab;
}

}  // namespace fumidai::app
