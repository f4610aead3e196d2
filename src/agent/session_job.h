#pragma once

// What the agent hands to the process that serves one session, and what it gets back: JSON on standard input
// and output.

#include <boost/describe/class.hpp>
#include <cstdint>
#include <string>

#include "wire/json_shape.h"

namespace fumidai::agent {

struct SessionJob {
  std::string state_directory;
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time issued_at{}, expires_at{};
  std::string content;  // InteractiveShellContent as JSON text
};
BOOST_DESCRIBE_STRUCT(SessionJob, (),
                      (state_directory, access_key_id, secret_access_key, session_token, issued_at,
                       expires_at, content))

// What the program of a session tells the agent on its standard output, one line each: first which process it
// started, at the end the result.
struct SessionStart {
  std::int64_t process_id = 0;
};
BOOST_DESCRIBE_STRUCT(SessionStart, (), (process_id))

struct SessionResult {
  std::string status = "Success";  // Success, Failed
  std::string output;              // why it failed
};
BOOST_DESCRIBE_STRUCT(SessionResult, (), (status, output))

// The name of the program that serves sessions; it is beside the agent's.
inline constexpr char const* kSessionProgram = "fumidai-agent-session";

}  // namespace fumidai::agent
