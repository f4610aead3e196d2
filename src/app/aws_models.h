#pragma once

// Files that make older AWS tools (Debian's CLI and boto3, which know no AWS_ENDPOINT_URL) call us: botocore
// reads them from AWS_DATA_PATH (aws-requests.md 8).

#include <string>
#include <vector>

namespace fumidai::app {

struct ModelFile {
  std::string path;  // below AWS_DATA_PATH
  std::string content;
};

std::vector<ModelFile> aws_models(std::string const& region, std::string const& url);

}  // namespace fumidai::app
