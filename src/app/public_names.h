#pragma once

// Under which names callers reach this server. Only configured names are ever told back to them: a Host
// header that is none of these counts for nothing.

#include <set>
#include <string>
#include <vector>

#include "app/server_config.h"
#include "wire/url.h"

namespace fumidai::app {

class PublicNames {
 public:
  // `bound` are the addresses in use, with their real ports. Error: invalid, for a public URL that is none.
  static Result<PublicNames> make(ServerConfig const& config, std::vector<wire::HostPort> const& bound);

  // https://… that tools are pointed to.
  std::string const& url() const { return url_; }
  // The names that the certificate has to cover.
  std::vector<std::string> const& hosts() const { return hosts_; }
  // HOST or HOST:PORT as the caller used it when it is one of ours; otherwise the one of the URL.
  std::string reached_by(std::string_view host_header) const;

 private:
  std::string url_, default_authority_;
  std::vector<std::string> hosts_;
  std::set<std::string> authorities_;
};

// Whether names and URL name hosts. Error: invalid, with the one that does not.
Result<void> check_names(ServerConfig const& config);

// The names for a certificate, before the ports are known.
std::vector<std::string> certificate_names(ServerConfig const& config);

}  // namespace fumidai::app
