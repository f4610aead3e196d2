#include "agent/session_programs.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/session_job.h"
#include "base/bytes.h"

namespace fumidai::agent {

namespace {

constexpr std::size_t kMostLine = 4096;

// What others on this host call their processes says nothing.
bool is_ours(io::Path const& process) {
  struct stat about {};
  return ::stat(process.c_str(), &about) == 0 && about.st_uid == ::geteuid();
}

}  // namespace

Result<std::vector<std::string>> sessions_with_a_process(std::string const& instance_id,
                                                         io::Path const& proc) {
  std::vector<std::string> sessions;
  std::error_code ended;
  for (std::filesystem::directory_iterator each(proc, ended), last; !ended && each != last;
       each.increment(ended)) {
    if (!is_ours(each->path())) continue;
    auto line = io::read_file(each->path() / "cmdline", kMostLine);
    if (!line) continue;  // it ended meanwhile
    auto words = split(*line, '\0');
    bool serves = words.size() > 2 && words[0] == kSessionProgram && words[2] == instance_id;
    if (serves) sessions.emplace_back(words[1]);
  }
  if (ended) return Error{Errc::system, "list " + proc.string() + ": " + ended.message()};
  return sessions;
}

}  // namespace fumidai::agent
