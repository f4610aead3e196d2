// MakeExample, DescribeExample: the networks of the comparison, with an instance for each method (fumidai lab
// up).

#include "api/action.h"
#include "api/ec2/ec2.h"
#include "api/lab.h"
#include "identity/instance_profiles.h"
#include "identity/principal_policies.h"
#include "identity/roles.h"
#include "network/method.h"
#include "networks/example.h"
#include "networks/key_pairs.h"

namespace fumidai::api {

namespace {

constexpr char const* kRole = "fumidai-example-role";
constexpr char const* kProfile = "fumidai-example-profile";
constexpr char const* kManagedPolicy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
constexpr char const* kTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

constexpr char const* kUsualName = "example";
constexpr std::int64_t kMostName = 32, kMostKey = 2048;

struct MakeExampleRequest {
  std::optional<std::string> name;
  // Lines of OpenSSH: of the bastion, and of the host behind it. The private halves are with who asks, from
  // before there is anything to reach.
  std::string bastion_public_key, inner_public_key;
  static constexpr wire::Limit kLimits[] = {{"name", 1, kMostName},
                                            {"bastion_public_key", 1, kMostKey, wire::required},
                                            {"inner_public_key", 1, kMostKey, wire::required}};
};
BOOST_DESCRIBE_STRUCT(MakeExampleRequest, (), (name, bastion_public_key, inner_public_key))

struct DescribeExampleRequest {
  std::optional<std::string> name;
  static constexpr wire::Limit kLimits[] = {{"name", 1, kMostName}};
};
BOOST_DESCRIBE_STRUCT(DescribeExampleRequest, (), (name))

struct ExampleInstance {
  std::string instance_id, network_interface_id, method, state, private_ip_address;
  std::optional<std::string> public_ip_address;
  std::optional<bool> answers;  // its sshd listens; of one that runs, when it is described
};
BOOST_DESCRIBE_STRUCT(ExampleInstance, (),
                      (instance_id, network_interface_id, method, state, private_ip_address,
                       public_ip_address, answers))

struct ExampleResponse {
  ExampleInstance bastion;
  std::vector<ExampleInstance> instances;
  std::optional<std::string> complaint;  // why the machine's network is not yet as these want it
};
BOOST_DESCRIBE_STRUCT(ExampleResponse, (), (bastion, instances, complaint))

ExampleInstance describe(networks::State const& state, InstanceId const& id, std::string method) {
  auto const& network = state.network;
  auto const* instance = network.instances.find(id);
  auto const* interface = network.interfaces.find(instance->interface);
  ExampleInstance description{id.text(),
                              instance->interface.text(),
                              std::move(method),
                              std::string(network::to_string(instance->state)),
                              interface ? interface->private_address.text() : "",
                              {}};
  auto address = interface ? network.public_address(*interface) : std::nullopt;
  if (address) description.public_ip_address = address->text();
  return description;
}

ExampleResponse describe(Call const& call, networks::State const& state, networks::Example const& example) {
  auto method = [](network::Method each) { return std::string(network::to_string(each)); };
  ExampleResponse response;
  response.bastion = describe(state, example.bastion, "");
  response.instances = {
      describe(state, example.behind_bastion, method(network::Method::bastion)),
      describe(state, example.by_endpoints, method(network::Method::session_manager_endpoints)),
      describe(state, example.by_nat, method(network::Method::session_manager_nat)),
      describe(state, example.by_tunnel, method(network::Method::connect_endpoint))};
  auto complaint = call.plane.lab->complaint();
  if (!complaint.empty()) response.complaint = std::move(complaint);
  return response;
}

// The role and the profile stay from example to example.
Result<void> put_profile(store::Transaction& transaction, Time now) {
  auto role = identity::find_role(transaction, kRole);
  if (!role && role.error().code != Errc::not_found) return role.error();
  if (!role) {
    identity::Role wanted;
    wanted.name = kRole;
    wanted.path = "/";
    wanted.trust_policy = kTrust;
    wanted.description = "Lets the agents of the example's instances connect.";
    CHECK(identity::create_role(transaction, std::move(wanted), now));
    CHECK(identity::attach_policy(transaction, identity::role_key(kRole), kManagedPolicy));
  }
  auto profile = identity::find_instance_profile(transaction, kProfile);
  if (profile || profile.error().code != Errc::not_found)
    return profile ? success() : Result<void>(profile.error());
  CHECK(identity::create_instance_profile(transaction, kProfile, "/", now));
  return identity::put_role_into(transaction, kProfile, kRole);
}

// The one that the profile has already, which somebody may have changed.
Result<std::optional<std::string>> role_of_profile(store::Transaction& transaction, Call const& call) {
  auto profile = identity::find_instance_profile(transaction, kProfile);
  if (!profile && profile.error().code != Errc::not_found) return profile.error();
  if (!profile || !profile->role) return std::nullopt;
  TRY(auto role, identity::find_role(transaction, *profile->role));
  return std::optional(model::role_arn(call.plane.deployment.region, role.path, role.name));
}

struct Deed {
  char const* action;
  networks::Kind const& kind;
};

// To what is made.
Deed const kMakes[] = {
    {"ec2:CreateVpc", networks::kVpc},
    {"ec2:ModifyVpcAttribute", networks::kVpc},
    {"ec2:CreateSubnet", networks::kSubnet},
    {"ec2:ModifySubnetAttribute", networks::kSubnet},
    {"ec2:CreateInternetGateway", networks::kInternetGateway},
    {"ec2:AttachInternetGateway", networks::kInternetGateway},
    {"ec2:CreateRouteTable", networks::kRouteTable},
    {"ec2:CreateRoute", networks::kRouteTable},
    {"ec2:AssociateRouteTable", networks::kRouteTable},
    {"ec2:CreateSecurityGroup", networks::kSecurityGroup},
    {"ec2:AuthorizeSecurityGroupIngress", networks::kSecurityGroup},
    {"ec2:AllocateAddress", networks::kAllocation},
    {"ec2:CreateNatGateway", networks::kNatGateway},
    {"ec2:CreateVpcEndpoint", networks::kInterfaceEndpoint},
    {"ec2:CreateInstanceConnectEndpoint", networks::kConnectEndpoint},
    {"ec2:ImportKeyPair", networks::kKeyPair},
    {"ec2:RunInstances", networks::kInstance},
};

// To each part that is there, whoever made it: its tags are all that it takes to be one.
Deed const kChanges[] = {
    {"ec2:CreateSubnet", networks::kVpc},
    {"ec2:CreateRouteTable", networks::kVpc},
    {"ec2:CreateSecurityGroup", networks::kVpc},
    {"ec2:AttachInternetGateway", networks::kVpc},
    {"ec2:CreateVpcEndpoint", networks::kVpc},
    {"ec2:AssociateRouteTable", networks::kSubnet},
    {"ec2:CreateNatGateway", networks::kSubnet},
    {"ec2:CreateVpcEndpoint", networks::kSubnet},
    {"ec2:CreateInstanceConnectEndpoint", networks::kSubnet},
    {"ec2:RunInstances", networks::kSubnet},
    {"ec2:AttachInternetGateway", networks::kInternetGateway},
    {"ec2:CreateRoute", networks::kRouteTable},
    {"ec2:ReplaceRoute", networks::kRouteTable},
    {"ec2:AssociateRouteTable", networks::kRouteTable},
    {"ec2:AuthorizeSecurityGroupIngress", networks::kSecurityGroup},
    {"ec2:CreateVpcEndpoint", networks::kSecurityGroup},
    {"ec2:CreateInstanceConnectEndpoint", networks::kSecurityGroup},
    {"ec2:RunInstances", networks::kSecurityGroup},
    {"ec2:CreateNatGateway", networks::kAllocation},
    {"ec2:DeleteKeyPair", networks::kKeyPair},
    {"ec2:RunInstances", networks::kKeyPair},
    {"ec2:TerminateInstances", networks::kInstance},
};

// ARNs of key pairs end in their names.
std::string arn_of_part(Call const& call, networks::State const& state, std::string const& id) {
  auto const* pair = state.key_pairs.find(networks::KeyPairId(id));
  return pair ? ec2::arn_of(call, networks::kKeyPair, pair->name) : ec2::arn_of(call, id);
}

// It makes a role and a profile, which is IAM's.
Result<void> check_iam_takes(model::Caller const& caller) {
  if (!caller.is_user_session()) return success();
  return Error{
      Errc::denied,
      "MakeExample makes a role, and IAM takes no credentials of GetSessionToken. Use an access key of "
      "the user, or assume a role.",
      "AccessDenied"};
}

// Whoever has it made could do each of these himself.
Result<void> what_it_takes(store::Transaction& transaction, Call const& call,
                           MakeExampleRequest const& request, sessions::Ask& ask) {
  CHECK(check_iam_takes(call.caller));
  auto const& region = call.plane.deployment.region;
  auto role = model::role_arn(region, "/", kRole),
       profile = model::instance_profile_arn(region, "/", kProfile);
  TRY(auto handed_on, role_of_profile(transaction, call));
  ask.also = {{"iam:CreateRole", role, {}},
              {"iam:AttachRolePolicy", role, {{"iam:PolicyARN", {kManagedPolicy}}}},
              {"iam:CreateInstanceProfile", profile, {}},
              {"iam:AddRoleToInstanceProfile", profile, {}},
              {"iam:PassRole", handed_on.value_or(role), {{"iam:PassedToService", {"ec2.amazonaws.com"}}}},
              {"ec2:CreateTags", "arn:aws:ec2:" + region.name + ":" + region.account + ":*/*", {}}};
  for (auto const& [action, kind] : kMakes) ask.also.push_back({action, ec2::arn_of(call, kind, "*"), {}});
  TRY(auto state, call.plane.networks.read(transaction));
  for (auto const& id : networks::parts_of_example(*state, request.name.value_or(kUsualName))) {
    for (auto const& [action, kind] : kChanges) {
      if (networks::kind_of(id) == &kind) ask.also.push_back({action, arn_of_part(call, *state, id), {}});
    }
  }
  return success();
}

// What is missing of it, which may be all.
Result<ExampleResponse> make_example(store::Transaction& transaction, Call const& call,
                                     MakeExampleRequest const& request) {
  if (!call.plane.lab) return no_lab();
  CHECK(put_profile(transaction, call.caller.at));
  TRY(auto bastion, networks::read_public_key(request.bastion_public_key));
  TRY(auto inner, networks::read_public_key(request.inner_public_key));
  networks::ExampleWish wish{request.name.value_or(kUsualName), call.plane.lab->person(), kProfile,
                             call.plane.connect_domain,         std::move(bastion),       std::move(inner)};
  return call.plane.networks.change(transaction, [&](networks::State& state) -> Result<ExampleResponse> {
    TRY(auto example, networks::make_example(state, wish, call.caller.at));
    return describe(call, state, example);
  });
}

awaitable<void> look_at(Call const& call, ExampleResponse& example) {
  std::vector<ExampleInstance*> running{&example.bastion};
  for (auto& instance : example.instances) running.push_back(&instance);
  std::erase_if(running, [](auto const* each) { return each->state != "running"; });
  std::vector<InstanceId> ids;
  for (auto const* each : running) ids.emplace_back(each->instance_id);
  auto seen = co_await call.plane.lab->look_at(ids);
  for (std::size_t i = 0; i < running.size(); i++) running[i]->answers = seen[i].answers;
}

awaitable<Result<ExampleResponse>> describe_example(Call const& call, DescribeExampleRequest const& request) {
  if (!call.plane.lab) co_return no_lab();
  std::function<Result<ExampleResponse>(store::Transaction&)> find =
      [&](store::Transaction& transaction) -> Result<ExampleResponse> {
    TRY(auto state, call.plane.networks.read(transaction));
    TRY(auto example, networks::find_example(*state, request.name.value_or(kUsualName)));
    return describe(call, *state, example);
  };
  CO_TRY(auto response, co_await call.plane.gate.read(std::move(find)));
  co_await look_at(call, response);
  co_return response;
}

}  // namespace

std::vector<Action> example_actions() {
  return {
      changes(kFumidai, "MakeExample", make_example, what_it_takes),
      acts<DescribeExampleRequest, ExampleResponse>(kFumidai, "DescribeExample", describe_example),
  };
}

}  // namespace fumidai::api
