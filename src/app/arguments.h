#pragma once

// A command line small enough for the agent: a subcommand and --options, each with a value or as a switch.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fumidai::app {

class Arguments {
 public:
  struct Option {
    std::string_view name;  // "--url"
    bool has_value = true;
    bool is_required = false;
  };

  // Error: invalid, with the option that is unknown, repeated, without its value, or missing.
  static Result<Arguments> parse(std::vector<std::string_view> const& words,
                                 std::vector<Option> const& options);

  std::string value(std::string_view name, std::string_view otherwise = "") const;
  bool has(std::string_view name) const { return values_.contains(name); }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace fumidai::app
