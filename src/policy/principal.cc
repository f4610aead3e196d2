#include "policy/principal.h"

#include <algorithm>

#include "base/bytes.h"
#include "policy/arn.h"

namespace fumidai::policy {

namespace {

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == text.npos;
}

bool names_a_principal(Arn const& arn) {
  auto [arn_word, partition, service, region, account, rest] = arn.parts;
  if (arn_word != "arn" || !region.empty() || !is_account(account)) return false;
  if (service == "sts") return rest.starts_with("assumed-role/");
  return service == "iam" && (rest == "root" || rest.starts_with("user/") || rest.starts_with("role/"));
}

}  // namespace

Result<PrincipalPattern> PrincipalPattern::aws(std::string_view text) {
  if (text == "*") return everyone();
  if (is_account(text)) return PrincipalPattern(Kind::account, text);
  auto arn = Arn::split(text);
  bool has_wildcard = text.find_first_of("*?") != text.npos;
  if (!arn || has_wildcard || !names_a_principal(*arn)) {
    std::string hint =
        has_wildcard ? " (no wildcards here; a Condition on aws:PrincipalArn can hold them)" : "";
    return Error{Errc::malformed, "Invalid principal in policy: '" + escaped(text, 120) + "'" + hint};
  }
  if (arn->parts[5] == "root") return PrincipalPattern(Kind::account, arn->account());
  return PrincipalPattern(Kind::arn, text);
}

Result<PrincipalPattern> PrincipalPattern::service(std::string_view text) {
  auto is_host_character = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  bool valid = text.find('.') != text.npos && std::all_of(text.begin(), text.end(), is_host_character);
  if (!valid) {
    return Error{Errc::malformed, "Invalid principal in policy: service '" + escaped(text, 120) + "'"};
  }
  return PrincipalPattern(Kind::service, text);
}

Named PrincipalPattern::names(Principal const& principal) const {
  bool is_service = principal.type == PrincipalType::service;
  switch (kind_) {
    case Kind::everyone: return Named::directly;
    case Kind::service: return is_service && value_ == principal.service ? Named::directly : Named::no;
    case Kind::account:
      if (is_service || value_ != principal.account) return Named::no;
      return principal.type == PrincipalType::account ? Named::directly : Named::through_account;
    case Kind::arn: {
      bool is_session_of_it = principal.type == PrincipalType::assumed_role && value_ == principal.role_arn;
      return !is_service && (value_ == principal.arn || is_session_of_it) ? Named::directly : Named::no;
    }
  }
  return Named::no;
}

}  // namespace fumidai::policy
