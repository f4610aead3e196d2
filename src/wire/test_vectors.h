#pragma once

// For tests: the golden vectors of tests/vectors.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "wire/json_shape.h"

namespace fumidai::wire {

inline boost::json::value read_vectors(std::string const& name) {
  std::ifstream file(FUMIDAI_VECTORS "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str()).value();
}

inline std::string text_of(boost::json::value const& value) {
  return std::string(value.as_string());
}

}  // namespace fumidai::wire
