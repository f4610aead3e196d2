#include "app/arguments.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::app {

Result<Arguments> Arguments::parse(std::vector<std::string_view> const& words,
                                   std::vector<Option> const& options) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); i++) {
    auto equals = words[i].find('=');
    auto name = words[i].substr(0, equals);
    auto option =
        std::find_if(options.begin(), options.end(), [&](auto const& each) { return each.name == name; });
    if (option == options.end())
      return Error{Errc::invalid, "unknown option '" + escaped(name, 64) + "'; see --help"};
    if (arguments.has(name)) return Error{Errc::invalid, std::string(name) + " is given twice"};
    std::string value;
    if (option->has_value) {
      if (equals != name.npos && equals != words[i].npos) {
        value = words[i].substr(equals + 1);
      } else if (++i < words.size()) {
        value = words[i];
      } else {
        return Error{Errc::invalid, std::string(name) + " needs a value"};
      }
    } else if (equals != words[i].npos) {
      return Error{Errc::invalid, std::string(name) + " takes no value"};
    }
    arguments.values_.emplace(name, std::move(value));
  }
  for (auto const& option : options) {
    if (option.is_required && !arguments.has(option.name))
      return Error{Errc::invalid, std::string(option.name) + " is missing; see --help"};
  }
  return arguments;
}

std::string Arguments::value(std::string_view name, std::string_view otherwise) const {
  auto at = values_.find(name);
  return at == values_.end() ? std::string(otherwise) : at->second;
}

}  // namespace fumidai::app
