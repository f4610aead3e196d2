#include "policy/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "policy/json.h"

namespace fumidai::policy {

namespace json = boost::json;

namespace {

// A policy has use for six; a little more, so that a value that is nested wrongly gets a better answer than
// "syntax".
constexpr std::size_t kMaxDepth = 16;

Error malformed(std::string sentence) {
  return {Errc::malformed, std::move(sentence), "MalformedPolicyDocument"};
}

std::string quoted(std::string_view text) {
  return "'" + escaped(text, 80) + "'";
}

// Where IAM takes one value or a list of them.
std::vector<json::value const*> one_or_many(json::value const& value) {
  if (!value.is_array()) return {&value};
  std::vector<json::value const*> items;
  for (auto& item : value.get_array()) items.push_back(&item);
  return items;
}

Result<std::vector<std::string>> strings_of(json::value const& value, std::string_view element) {
  std::vector<std::string> texts;
  for (auto item : one_or_many(value)) {
    if (!item->is_string()) {
      return malformed(fmt::format("{} must be a string or a list of strings", element));
    }
    texts.emplace_back(item->get_string());
  }
  if (texts.empty()) return malformed(fmt::format("{} is an empty list", element));
  return texts;
}

// Numbers and booleans mean what their text says.
Result<std::string> text_of_scalar(json::value const& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return std::string(value.get_bool() ? "true" : "false");
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  if (value.is_double()) {
    auto text = fmt::format("{}", value.get_double());
    // The parser has rounded such a number; what was written is lost.
    if (text.find('e') != text.npos) {
      return malformed("number " + text + " is too large or small; write it as a string");
    }
    return text;
  }
  return malformed("condition values must be strings, numbers or booleans");
}

// Reads one statement. Each function reads one element and says what is wrong with it; where it stands is
// added by the caller.
class StatementReader {
 public:
  StatementReader(json::object const& object, PolicyKind kind, Pattern::Variables variables)
      : object_(object), kind_(kind), variables_(variables) {}

  Result<Statement> read(std::size_t number) {
    statement_.number = number;
    CHECK(read_sid());
    CHECK(check_elements());
    CHECK(read_effect());
    CHECK(read_principals());
    CHECK(read_actions());
    CHECK(read_resources());
    CHECK(read_conditions());
    return std::move(statement_);
  }

  std::string const& sid() const { return statement_.sid; }

 private:
  Result<void> read_sid();
  Result<void> check_elements() const;
  Result<void> check_pair(std::string_view element, bool wanted) const;
  Result<void> read_effect();
  Result<void> read_principals();
  Result<std::vector<PrincipalPattern>> principals_of(json::value const& value) const;
  Result<void> read_actions();
  Result<Pattern> action_of(std::string_view text) const;
  Result<void> read_resources();
  Result<void> read_conditions();
  Result<void> read_operator(std::string_view op, json::value const& keys);

  json::object const& object_;
  PolicyKind kind_;
  Pattern::Variables variables_;
  Statement statement_{};
};

Result<void> StatementReader::read_sid() {
  auto sid = object_.if_contains("Sid");
  if (!sid) return success();
  if (!sid->is_string()) return malformed("Sid must be a string");
  std::string_view text = sid->get_string();
  auto is_alphanumeric = [](unsigned char c) { return std::isalnum(c) && c < 0x80; };
  // IAM keeps its own to letters and digits; services are freer with the policies of their resources.
  bool accepted = kind_ == PolicyKind::resource ? text.size() <= 128
                                                : std::all_of(text.begin(), text.end(), is_alphanumeric);
  if (!accepted) {
    return malformed("Statement IDs (SID) must be alpha-numeric, and " + quoted(text) + " is not");
  }
  statement_.sid = text;
  return success();
}

Result<void> StatementReader::check_elements() const {
  constexpr std::string_view kElements[] = {"Sid",       "Effect",   "Principal",   "NotPrincipal", "Action",
                                            "NotAction", "Resource", "NotResource", "Condition"};
  for (auto& [name, _] : object_) {
    bool known =
        std::find(std::begin(kElements), std::end(kElements), std::string_view(name)) != std::end(kElements);
    if (!known) return malformed("unknown element " + quoted(name));
  }
  if (!object_.contains("Effect")) return malformed("Missing required field Effect");
  // In a trust policy AWS has no NotPrincipal: it would name the rest of the world.
  if (kind_ == PolicyKind::trust && object_.contains("NotPrincipal")) {
    return malformed("Has prohibited field NotPrincipal");
  }
  CHECK(check_pair("Principal", kind_ != PolicyKind::identity));
  CHECK(check_pair("Action", true));
  return check_pair("Resource", kind_ != PolicyKind::trust);
}

// Exactly one of X and NotX where the kind of policy wants them, none where it does not.
Result<void> StatementReader::check_pair(std::string_view element, bool wanted) const {
  auto negation = "Not" + std::string(element);
  bool has_element = object_.contains(element), has_negation = object_.contains(negation);
  if (!wanted && (has_element || has_negation)) {
    return malformed(fmt::format("Has prohibited field {}", has_element ? std::string(element) : negation));
  }
  if (has_element && has_negation) return malformed(fmt::format("has both {} and {}", element, negation));
  if (wanted && !has_element && !has_negation) {
    return malformed(fmt::format("Missing required field {}", element));
  }
  return success();
}

Result<void> StatementReader::read_effect() {
  auto& effect = object_.at("Effect");
  if (effect != "Allow" && effect != "Deny") return malformed("Effect must be \"Allow\" or \"Deny\"");
  statement_.effect = effect == "Allow" ? Effect::allow : Effect::deny;
  return success();
}

Result<void> StatementReader::read_principals() {
  if (auto value = object_.if_contains("Principal")) {
    TRY(statement_.principals, principals_of(*value));
  }
  if (auto value = object_.if_contains("NotPrincipal")) {
    if (statement_.effect == Effect::allow) {
      return malformed("NotPrincipal with Effect Allow would let in everyone else, and is not supported");
    }
    TRY(statement_.not_principals, principals_of(*value));
  }
  return success();
}

Result<std::vector<PrincipalPattern>> StatementReader::principals_of(json::value const& value) const {
  if (value == "*") return std::vector{PrincipalPattern::everyone()};
  if (!value.is_object()) return malformed("Principal must be \"*\" or an object such as {\"AWS\": ...}");
  std::vector<PrincipalPattern> patterns;
  for (auto& [type, names] : value.get_object()) {
    if (type != "AWS" && type != "Service") {
      return malformed("unknown type of principal " + quoted(type) + "; there are AWS and Service");
    }
    TRY(auto texts, strings_of(names, "Principal"));
    for (auto& text : texts) {
      TRY(auto pattern, type == "AWS" ? PrincipalPattern::aws(text) : PrincipalPattern::service(text));
      patterns.push_back(std::move(pattern));
    }
  }
  if (patterns.empty()) return malformed("Principal names nobody");
  return patterns;
}

Result<void> StatementReader::read_actions() {
  bool is_negation = object_.contains("NotAction");
  std::string_view element = is_negation ? "NotAction" : "Action";
  TRY(auto texts, strings_of(object_.at(element), element));
  for (auto& text : texts) {
    TRY(auto pattern, action_of(text));
    (is_negation ? statement_.not_actions : statement_.actions).push_back(std::move(pattern));
  }
  return success();
}

Result<Pattern> StatementReader::action_of(std::string_view text) const {
  auto is_action_character = [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c)) || std::string_view("-_:*?").find(char(c)) != std::string_view::npos;
  };
  auto colon = text.find(':');
  bool has_vendor_and_name = colon != text.npos && colon > 0 && colon + 1 < text.size();
  bool valid =
      text == "*" || (has_vendor_and_name && std::all_of(text.begin(), text.end(), is_action_character));
  if (!valid) {
    return malformed("Actions must be prefaced by a vendor, e.g. ssm:StartSession; " + quoted(text) +
                     " is not");
  }
  auto folded = to_lower(text);
  if (kind_ == PolicyKind::trust && !folded.starts_with("sts:")) {
    return malformed("AssumeRole policy may only specify STS AssumeRole actions, and " + quoted(text) +
                     " is not one");
  }
  return Pattern::compile(folded, Pattern::Wildcards::yes, Pattern::Variables::no);
}

Result<void> StatementReader::read_resources() {
  if (kind_ == PolicyKind::trust) {
    statement_.resources.push_back(ArnPattern::everything());
    return success();
  }
  bool is_negation = object_.contains("NotResource");
  std::string_view element = is_negation ? "NotResource" : "Resource";
  TRY(statement_.resource_texts, strings_of(object_.at(element), element));
  for (auto& text : statement_.resource_texts) {
    auto pattern = ArnPattern::compile(text, variables_);
    if (!pattern) return malformed(fmt::format("{} {}: {}", element, quoted(text), pattern.error().detail));
    (is_negation ? statement_.not_resources : statement_.resources).push_back(*std::move(pattern));
  }
  return success();
}

Result<void> StatementReader::read_conditions() {
  auto value = object_.if_contains("Condition");
  if (!value) return success();
  if (!value->is_object()) return malformed("Condition must be an object");
  for (auto& [op, keys] : value->get_object()) CHECK(read_operator(op, keys));
  return success();
}

Result<void> StatementReader::read_operator(std::string_view op, json::value const& keys) {
  if (!keys.is_object() || keys.get_object().empty()) {
    return malformed("condition operator " + quoted(op) + " must hold an object of keys and values");
  }
  std::set<std::string> seen;
  for (auto& [key, value] : keys.get_object()) {
    if (!seen.insert(to_lower(key)).second) {
      return malformed(fmt::format("condition key {} appears twice under {}", quoted(key), quoted(op)));
    }
    std::vector<std::string> texts;
    for (auto item : one_or_many(value)) {
      TRY(auto text, text_of_scalar(*item));
      texts.push_back(std::move(text));
    }
    TRY(auto condition, Condition::compile(op, key, std::move(texts), variables_));
    statement_.conditions.push_back(std::move(condition));
  }
  return success();
}

Result<Pattern::Variables> read_version(json::object const& document) {
  auto version = document.if_contains("Version");
  if (!version || *version == "2008-10-17") return Pattern::Variables::no;
  if (*version == "2012-10-17") return Pattern::Variables::yes;
  return malformed("Version must be \"2012-10-17\" or \"2008-10-17\"");
}

std::string place_of(std::size_t number, std::string_view sid) {
  return sid.empty() ? fmt::format(" (statement {})", number)
                     : fmt::format(" (statement {}, {})", number, quoted(sid));
}

Result<Policy> read_statements(json::value const& value, PolicyKind kind, Pattern::Variables variables) {
  auto items = one_or_many(value);
  if (items.empty()) return malformed("Statement is an empty list");
  if (items.size() > Policy::kMaxStatements) {
    return malformed(fmt::format("{} statements are more than {}", items.size(), Policy::kMaxStatements));
  }
  Policy policy;
  std::set<std::string> sids;
  for (auto item : items) {
    auto number = policy.statements.size() + 1;
    if (!item->is_object()) return malformed("a statement must be an object" + place_of(number, ""));
    StatementReader reader(item->get_object(), kind, variables);
    auto statement = reader.read(number);
    if (!statement) return malformed(statement.error().detail + place_of(number, reader.sid()));
    if (!statement->sid.empty() && !sids.insert(statement->sid).second) {
      return malformed("Statement IDs (SID) in a single policy must be unique" +
                       place_of(number, statement->sid));
    }
    policy.statements.push_back(*std::move(statement));
  }
  return policy;
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, PolicyKind kind) {
  if (text.size() > Policy::kMaxBytes) {
    auto sentence = fmt::format("a policy of {} bytes is larger than {}", text.size(), Policy::kMaxBytes);
    return Error{Errc::too_large, sentence, "LimitExceeded"};
  }
  auto document = parse_strict_json(text, kMaxDepth);
  if (!document && document.error().code == Errc::invalid) return malformed(document.error().detail);
  if (!document || !document->is_object()) {
    return malformed(kind == PolicyKind::trust ? "This policy contains invalid Json"
                                               : "Syntax errors in policy.");
  }
  auto& object = document->get_object();
  for (auto& [name, value] : object) {
    bool known = name == "Version" || name == "Statement" || (name == "Id" && value.is_string());
    if (!known) return malformed("unknown element " + quoted(name) + " of the document");
  }
  TRY(auto variables, read_version(object));
  auto statements = object.if_contains("Statement");
  if (!statements) return malformed("Missing required field Statement");
  return read_statements(*statements, kind, variables);
}

}  // namespace fumidai::policy
