// The policies of a user or a role, inline and attached: the same seven actions for both, told apart by their
// names and by the name of the member that says whose.

#include "api/iam.h"
#include "identity/principal_policies.h"
#include "identity/roles.h"
#include "identity/users.h"

namespace fumidai::api {

namespace {

struct OfUser {
  static constexpr std::string_view kWord = "User", kMember = "UserName";
  static constexpr auto find = identity::find_user;
  static constexpr auto key = identity::user_key;
  static constexpr auto arn = arn_of_user;
};

struct OfRole {
  static constexpr std::string_view kWord = "Role", kMember = "RoleName";
  static constexpr auto find = identity::find_role;
  static constexpr auto key = identity::role_key;
  static constexpr auto arn = arn_of_role;
};

template <class Owner>
struct PutRequest {
  std::string owner, policy_name, policy_document;
  static constexpr wire::Rename kNames[] = {{"owner", Owner::kMember}};
  static constexpr wire::Limit kLimits[] = {{"owner", 1, 128, wire::required},
                                            {"policy_name", 1, 128, wire::required},
                                            {"policy_document", 1, 131072, wire::required}};
  BOOST_DESCRIBE_CLASS(PutRequest, (), (owner, policy_name, policy_document), (), ())
};

// Also the answer to Get…Policy: whose, its name, and the document.
template <class Owner>
using GetPolicyResponse = PutRequest<Owner>;

template <class Owner>
struct NameRequest {
  std::string owner, policy_name;
  static constexpr wire::Rename kNames[] = {{"owner", Owner::kMember}};
  static constexpr wire::Limit kLimits[] = {{"owner", 1, 128, wire::required},
                                            {"policy_name", 1, 128, wire::required}};
  BOOST_DESCRIBE_CLASS(NameRequest, (), (owner, policy_name), (), ())
};

template <class Owner>
struct AttachRequest {
  std::string owner, policy_arn;
  static constexpr wire::Rename kNames[] = {{"owner", Owner::kMember}};
  static constexpr wire::Limit kLimits[] = {{"owner", 1, 128, wire::required},
                                            {"policy_arn", 20, 2048, wire::required}};
  BOOST_DESCRIBE_CLASS(AttachRequest, (), (owner, policy_arn), (), ())
};

template <class Owner>
struct ListRequest {
  std::string owner;
  std::optional<std::string> path_prefix, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Rename kNames[] = {{"owner", Owner::kMember}};
  static constexpr wire::Limit kLimits[] = {
      {"owner", 1, 128, wire::required}, {"path_prefix", 1, 512}, {"max_items", 1, 1000}};
  BOOST_DESCRIBE_CLASS(ListRequest, (), (owner, path_prefix, marker, max_items), (), ())
};

struct ListResponse {
  std::vector<std::string> policy_names;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (policy_names, is_truncated, marker))

struct Attached {
  std::string policy_name, policy_arn;
};
BOOST_DESCRIBE_STRUCT(Attached, (), (policy_name, policy_arn))

struct ListAttachedResponse {
  std::vector<Attached> attached_policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListAttachedResponse, (), (attached_policies, is_truncated, marker))

template <class Owner, template <class> class Request>
Result<void> its_owner(store::Transaction& transaction, Call const& call, Request<Owner> const& request,
                       sessions::Ask& ask) {
  TRY(auto arn, Owner::arn(transaction, call, request.owner));
  ask.resources = {std::move(arn)};
  if constexpr (std::is_same_v<Request<Owner>, AttachRequest<Owner>>)
    ask.context["iam:PolicyARN"] = {request.policy_arn};
  return success();
}

template <class Owner>
Result<Nothing> put(store::Transaction& transaction, Call const& call, PutRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  CHECK(policy::parse_policy(request.policy_document, policy::PolicyKind::identity));
  CHECK(identity::put_inline_policy(transaction, Owner::key(owner.name), request.policy_name,
                                    request.policy_document, call.caller.at));
  return Nothing{};
}

template <class Owner>
Result<GetPolicyResponse<Owner>> get(store::Transaction& transaction, Call const&,
                                     NameRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  TRY(auto document, identity::find_inline_policy(transaction, Owner::key(owner.name), request.policy_name));
  return GetPolicyResponse<Owner>{owner.name, request.policy_name, document_in_answer(document)};
}

template <class Owner>
Result<ListResponse> list(store::Transaction& transaction, Call const& call,
                          ListRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  TRY(auto names, identity::list_inline_policies(transaction, Owner::key(owner.name)));
  return part_of<ListResponse>(call, request, std::move(names), owner.name,
                               [](auto const& name) { return name; });
}

template <class Owner>
Result<Nothing> remove(store::Transaction& transaction, Call const&, NameRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  CHECK(identity::delete_inline_policy(transaction, Owner::key(owner.name), request.policy_name));
  return Nothing{};
}

template <class Owner>
Result<Nothing> attach(store::Transaction& transaction, Call const&, AttachRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  CHECK(identity::attach_policy(transaction, Owner::key(owner.name), request.policy_arn));
  return Nothing{};
}

template <class Owner>
Result<Nothing> detach(store::Transaction& transaction, Call const&, AttachRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  CHECK(identity::detach_policy(transaction, Owner::key(owner.name), request.policy_arn));
  return Nothing{};
}

template <class Owner>
Result<ListAttachedResponse> list_attached(store::Transaction& transaction, Call const& call,
                                           ListRequest<Owner> const& request) {
  TRY(auto owner, Owner::find(transaction, request.owner));
  TRY(auto policies, identity::attached_policies(transaction, Owner::key(owner.name)));
  auto prefix = request.path_prefix.value_or("/");
  std::vector<Attached> found;
  for (auto const& policy : policies) {
    if (policy.path.starts_with(prefix)) found.push_back({policy.name, policy.arn});
  }
  return part_of<ListAttachedResponse>(
      call, request, std::move(found), owner.name + "\n" + prefix,
      [](auto const& each) { return each.policy_name + "\n" + each.policy_arn; });
}

template <class Owner>
void add_actions_of(std::vector<Action>& actions) {
  std::string word(Owner::kWord);
  actions.push_back(changes(kIam, "Put" + word + "Policy", put<Owner>, its_owner));
  actions.push_back(looks(kIam, "Get" + word + "Policy", get<Owner>, its_owner));
  actions.push_back(looks(kIam, "List" + word + "Policies", list<Owner>, its_owner));
  actions.push_back(changes(kIam, "Delete" + word + "Policy", remove<Owner>, its_owner));
  actions.push_back(changes(kIam, "Attach" + word + "Policy", attach<Owner>, its_owner));
  actions.push_back(changes(kIam, "Detach" + word + "Policy", detach<Owner>, its_owner));
  actions.push_back(looks(kIam, "ListAttached" + word + "Policies", list_attached<Owner>, its_owner));
}

}  // namespace

std::vector<Action> principal_policy_actions() {
  std::vector<Action> actions;
  add_actions_of<OfUser>(actions);
  add_actions_of<OfRole>(actions);
  return actions;
}

}  // namespace fumidai::api
