#include "api/page_token.h"

#include "base/bytes.h"
#include "base/digest.h"
#include "base/seal.h"

namespace fumidai::api {

namespace {

Secret key_of(Call const& call) {
  return derive_key(call.plane.deployment.secret, "page tokens");
}

std::string context_of(Call const& call, std::string_view query) {
  return "page of " + call.addressed.operation + " for " + call.caller.principal.arn + " " +
         sha256_hex(query);
}

}  // namespace

std::string make_page_token(Call const& call, std::string_view query, std::string_view position) {
  return to_base64(as_bytes(seal(key_of(call), position, context_of(call, query))));
}

Result<std::string> open_page_token(Call const& call, std::string_view query, std::string const& token) {
  auto refused = Error{Errc::invalid, "The specified token isn't valid.", "InvalidNextToken"};
  auto sealed = from_base64(token);
  if (!sealed) return refused;
  auto position = open_sealed(key_of(call), as_text(*sealed), context_of(call, query));
  if (!position) return refused;
  return position->reveal();
}

}  // namespace fumidai::api
