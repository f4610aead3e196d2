#include "sessions/tunnel_order.h"

#include "wire/session_payloads.h"

namespace fumidai::sessions {

std::string tunnel_order(SessionRow const& tunnel, std::string const& host, std::uint16_t port) {
  wire::InteractiveShellContent content;
  content.document_name = tunnel.document;
  content.document_content = {{"schemaVersion", "1.0"},
                              {"sessionType", "Port"},
                              {"properties", {{"host", host}, {"portNumber", std::to_string(port)}}}};
  content.session_id = tunnel.id.text();
  content.session_owner = tunnel.owner;
  return wire::to_json_text(content);
}

}  // namespace fumidai::sessions
