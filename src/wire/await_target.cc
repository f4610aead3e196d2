#include "wire/await_target.h"

namespace fumidai::wire {

std::string no_answer(std::string const& address, std::uint16_t port, std::string const& instance,
                      std::optional<std::chrono::seconds> waited) {
  auto number = std::to_string(port);
  auto sentence = "no answer from " + address + " port " + number;
  if (waited) sentence += " in " + std::to_string(waited->count()) + " s";
  if (!instance.empty())
    sentence += "; which rule is missing tells: fumidai doctor " + instance + " --port " + number;
  return sentence;
}

}  // namespace fumidai::wire
