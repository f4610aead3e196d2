#pragma once

// Session documents: what kind of session a name stands for, and which parameters it takes
// (session-manager.md 11).

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fumidai::model {

enum class SessionType { standard_stream, interactive_commands, non_interactive_commands, port };

std::string_view to_string(SessionType type);

using DocumentParameters = std::map<std::string, std::vector<std::string>>;

inline constexpr std::string_view kDefaultDocument = "SSM-SessionManagerRunShell";
inline constexpr std::string_view kSshDocument = "AWS-StartSSHSession";  // leads to a port of the instance

struct SessionDocument {
  std::string name;
  SessionType type;
  boost::json::object content;  // what the agent gets
};

// Error: not_found, with InvalidDocument as AWS's name.
Result<SessionDocument> find_session_document(std::string_view name);

// The parameters as the agent wants them: each list unwrapped to a string, defaults left to the agent.
// Errors: invalid, with InvalidParameters: unknown ones, missing ones, values that do not fit.
Result<boost::json::object> resolve_parameters(SessionDocument const& document,
                                               DocumentParameters const& given);

std::vector<std::string_view> session_document_names();

}  // namespace fumidai::model
