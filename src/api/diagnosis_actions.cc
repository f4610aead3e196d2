// Operations of ours on networks: Diagnose (fumidai doctor) and Compare (fumidai compare).

#include "api/action.h"
#include "api/diagnosis.h"
#include "api/diagnosis_trials.h"
#include "base/bytes.h"
#include "model/session_document.h"
#include "network/comparison.h"
#include "network/drawing.h"
#include "sessions/measurements.h"
#include "sessions/targets.h"
#include "sessions/tunnel_ask.h"
#include "sessions/unknown_target.h"

namespace fumidai::api {

namespace {

// ---- Diagnose

constexpr std::uint16_t kSsh = 22;

struct DiagnoseRequest {
  std::optional<std::string> target;
  std::optional<std::int64_t> port;  // that somebody wants of it; else ssh, or what an agent's sessions are
  static constexpr wire::Limit kLimits[] = {{"target", 1, 400}, {"port", 1, 65535}};
};
BOOST_DESCRIBE_STRUCT(DiagnoseRequest, (), (target, port))

struct DiagnoseResponse {
  std::vector<TargetDiagnosis> targets;
  bool observed = false;                 // with real packets, too
  std::optional<std::string> complaint;  // of the lab: why the network is not as it is wanted
};
BOOST_DESCRIBE_STRUCT(DiagnoseResponse, (), (targets, observed, complaint))

RequirementDescription describe(network::Requirement const& requirement) {
  RequirementDescription description;
  description.need = network::to_string(requirement.need);
  description.subject = requirement.subject;
  description.standing = word_of(requirement.standing);
  description.reason = requirement.reason;
  description.mend = requirement.mend.commands;
  for (auto const& hop : requirement.path.hops) {
    auto cause = hop.block ? std::optional<std::string>(network::to_string(*hop.block)) : std::nullopt;
    description.hops.push_back({std::string(network::to_string(hop.pass)), hop.id, hop.reason,
                                hop.block.has_value(), std::move(cause)});
  }
  return description;
}

// What the one who asks may himself, which is a requirement of every method but the bastion.
RequirementDescription permission(InstanceId const& instance, bool granted, std::string reason) {
  return {"permission", instance.text(), granted ? "met" : "unmet", std::move(reason), {}, {}, {}};
}

Result<RequirementDescription> session_permission(store::Transaction& transaction, Call const& call,
                                                  InstanceId const& instance) {
  TRY(auto obstacle, call.plane.gate.why_no_session(transaction, call.caller, instance));
  return permission(instance, obstacle.empty(),
                    obstacle.empty() ? "you may start a session" : "you may start no session: " + obstacle);
}

// For ssh a key is pushed, for the user that clients take unless they are told another; for another port
// none.
Result<std::string> why_no_key(store::Transaction& transaction, Call const& call,
                               network::Visit const& visit) {
  if (visit.port != kSsh) return std::string();
  auto const& region = call.plane.deployment.region;
  auto ask = sessions::push_key_ask(call.caller, region, visit.instance, "ec2-user");
  return call.plane.gate.why_not(transaction, std::move(ask));
}

// Through any of its VPC's endpoints.
Result<RequirementDescription> tunnel_permission(store::Transaction& transaction, Call const& call,
                                                 network::Network const& network, network::Location const& at,
                                                 network::Visit const& visit) {
  auto& gate = call.plane.gate;
  auto const& region = call.plane.deployment.region;
  auto const& instance = visit.instance;
  TRY(auto no_key, why_no_key(transaction, call, visit));
  if (!no_key.empty()) return permission(instance, false, "you may push no key: " + no_key);
  std::string no_tunnel;
  bool is_asked = false;
  for (auto const& endpoint : network.connect_endpoints) {
    if (endpoint.vpc != at.vpc->id || !is_usable(endpoint.state)) continue;
    wire::OpenTunnel tunnel;
    tunnel.endpoint = endpoint.id.text();
    tunnel.address = at.interface->private_address;
    tunnel.port = visit.port;
    is_asked = true;
    TRY(no_tunnel, gate.why_not(transaction, sessions::tunnel_ask(call.caller, region, tunnel)));
    if (no_tunnel.empty()) break;
  }
  if (!no_tunnel.empty()) return permission(instance, false, "you may open no tunnel: " + no_tunnel);
  if (visit.port != kSsh) return permission(instance, true, "you may open a tunnel");
  return permission(instance, true, is_asked ? "you may push a key and open a tunnel" : "you may push a key");
}

// Nobody knows what listens there who has not tried.
RequirementDescription listener(InstanceId const& instance, std::int64_t port) {
  auto reason = "is not known to listen on tcp " + std::to_string(port) +
                ": its agent finds out when it dials that, for a tunnel";
  return {std::string(kPortNeed),
          instance.text(),
          std::string(word_of(network::Standing::advice)),
          std::move(reason),
          {},
          {},
          {}};
}

network::Path way_of_agent(network::InterfaceId const& at, std::int64_t port) {
  network::Path way;
  way.from = at;
  way.to = *Address::parse("127.0.0.1");
  way.flow = {network::Protocol::tcp, static_cast<std::uint16_t>(port)};
  return way;
}

// Where no endpoint leads to a port, the clients go by the instance's own agent: fumidai ssh once it has
// pushed its key. Nothing where they could not.
Result<std::optional<RequirementDescription>> other_way(store::Transaction& transaction, Call const& call,
                                                        inventory::Instance const& target,
                                                        network::Visit const& visit) {
  std::optional<RequirementDescription> none;
  if (!target.is_connected()) return none;
  auto& gate = call.plane.gate;
  TRY(auto no_key, why_no_key(transaction, call, visit));
  TRY(auto obstacle, gate.networks().obstacle_to(transaction, target.id));
  std::string const document(model::kSshDocument);
  TRY(auto no_session, gate.why_no_session(transaction, call.caller, target.id, document));
  if (!no_key.empty() || obstacle || !no_session.empty()) return none;
  auto clients =
      visit.port == kSsh ? "fumidai ssh and fumidai tunnel go by that" : "fumidai tunnel goes by that";
  return RequirementDescription{std::string(kOtherWayNeed),
                                target.id.text(),
                                std::string(word_of(network::Standing::advice)),
                                std::string("is reached by its own agent: ") + clients,
                                {},
                                {},
                                {}};
}

// From where the one who asks would come: in a lab, this machine; of an address that no router carries
// nothing follows.
Address person_of(Call const& call) {
  if (call.plane.lab) return call.plane.lab->person();
  auto from = Address::parse(call.caller.source_address);
  return from && !network::is_unroutable(*from) ? *from : network::the_internet();
}

Result<Judged> judge(store::Transaction& transaction, Call const& call, network::Network& network,
                     inventory::Instance const& target, std::optional<std::int64_t> port) {
  Judged judged;
  auto& diagnosis = judged.diagnosis;
  diagnosis.instance_id = target.id.text();
  TRY(auto tags, sessions::tags_of_target(transaction, call.plane.networks, target.id));
  diagnosis.name = tags.contains("Name") ? tags["Name"] : target.name;
  TRY(auto session, session_permission(transaction, call, target.id));
  if (!sessions::is_of_vpc(target.id)) {
    RequirementDescription connection{
        "agent's connection",
        target.is_connected() ? target.id.text() : "",  // the sentence names it
        target.is_connected() ? "met" : "unmet",
        target.is_connected() ? "has a control channel" : inventory::absence_in_words(target, call.caller.at),
        {},
        {},
        {}};
    bool works = target.is_connected() && session.standing == "met";
    diagnosis.methods.push_back({"session manager", works, {connection, session}});
    if (port) diagnosis.methods.back().requirements.push_back(listener(target.id, *port));
    return judged;
  }
  TRY(auto at, network.locate(target.id));
  diagnosis.vpc_id = at.vpc->id.text();
  diagnosis.subnet_id = at.subnet->id.text();
  diagnosis.private_ip_address = at.interface->private_address.text();
  auto& instance = *network.instances.find(target.id);
  if (port && instance.state == network::InstanceState::running)
    judged.way_of_agent = way_of_agent(at.interface->id, *port);
  if (call.plane.lab) {
    auto& agent = instance.agent;
    if (agent.installed && !agent.connected) agent.running = call.plane.lab->agent_runs(target.id);
  }
  network::Visit visit{target.id, person_of(call)};
  visit.port = static_cast<std::uint16_t>(port.value_or(kSsh));
  TRY(auto tunnel, tunnel_permission(transaction, call, network, at, visit));
  for (auto method : network::kMethods) {
    TRY(auto assessment, network::assess(network, method, visit));
    MethodDescription description{std::string(network::to_string(method)), assessment.works(), {}};
    for (auto const& requirement : assessment.requirements)
      description.requirements.push_back(describe(requirement));
    if (method != network::Method::bastion) {
      auto const& own = network::is_session_manager(method) ? session : tunnel;
      description.works = description.works && own.standing == "met";
      description.requirements.push_back(own);
      if (port && network::is_session_manager(method))
        description.requirements.push_back(listener(target.id, *port));
    }
    if (method == network::Method::connect_endpoint && !description.works) {
      TRY(auto other, other_way(transaction, call, target, visit));
      if (other) description.requirements.push_back(*std::move(other));
    }
    diagnosis.methods.push_back(std::move(description));
    judged.assessments.push_back(std::move(assessment));
  }
  return judged;
}

// In a lab an endpoint needs no agent.
Result<void> look_for_carriers(store::Transaction& transaction, Call const& call, network::Network& network) {
  auto const* tunnels = call.plane.tunnels;
  if (call.plane.lab || !tunnels) return success();
  for (auto const& endpoint : network.connect_endpoints) {
    TRY(auto carrier, tunnels->carrier_for(transaction, endpoint.id.text()));
    network.connect_endpoints.find(endpoint.id)->has_agent = !carrier.empty();
  }
  return success();
}

Result<std::vector<Judged>> judge_all(store::Transaction& transaction, Call const& call,
                                      DiagnoseRequest const& request) {
  TRY(auto network, call.plane.gate.networks().all(transaction));
  CHECK(look_for_carriers(transaction, call, network));
  std::vector<inventory::Instance> targets;
  if (request.target) {
    TRY(targets, sessions::match_targets(transaction, call.plane.networks, *request.target));
    if (targets.empty()) return sessions::unknown_target(*request.target);
  } else {
    TRY(targets, sessions::all_targets(transaction, call.plane.networks));
  }
  std::vector<Judged> judged;
  for (auto const& target : targets) {
    TRY(auto each, judge(transaction, call, network, target, request.port));
    judged.push_back(std::move(each));
  }
  return judged;
}

awaitable<Result<DiagnoseResponse>> diagnose(Call const& call, DiagnoseRequest const& request) {
  std::function<Result<std::vector<Judged>>(store::Transaction&)> look =
      [&call, &request](store::Transaction& transaction) { return judge_all(transaction, call, request); };
  CO_TRY(auto judged, co_await call.plane.gate.read(std::move(look)));
  DiagnoseResponse response;
  if (call.plane.lab) {
    CO_CHECK(co_await try_in_lab(*call.plane.lab, judged));
    response.observed = true;
    auto complaint = call.plane.lab->complaint();
    if (!complaint.empty()) response.complaint = std::move(complaint);
  }
  for (auto& each : judged) response.targets.push_back(std::move(each.diagnosis));
  co_return response;
}

// ---- Compare

struct CompareRequest {
  std::optional<std::string> vpc_id;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64}};
};
BOOST_DESCRIBE_STRUCT(CompareRequest, (), (vpc_id))

struct CostLineDescription {
  std::string what, id;
  std::int64_t count = 1;
  std::optional<std::string> monthly;
};
BOOST_DESCRIBE_STRUCT(CostLineDescription, (), (what, id, count, monthly))

// The same method on Fumidai.
struct OwnDescription {
  std::string keys, needs, monthly_cost, cost_per_gigabyte;
};
BOOST_DESCRIBE_STRUCT(OwnDescription, (), (keys, needs, monthly_cost, cost_per_gigabyte))

struct MethodComparison {
  std::string method;
  std::int64_t reachable = 0, instances = 0;
  std::string obstacle, keys;
  std::vector<std::string> inbound;
  bool agent = false;
  std::string exposure, redundancy, monthly_cost, cost_per_gigabyte;
  std::vector<CostLineDescription> cost_lines;
  OwnDescription on_fumidai;
  std::vector<std::string> unpriced, unverified;
  std::optional<std::int64_t> milliseconds_to_connect;  // absent: not measured here, or reaches none
};
BOOST_DESCRIBE_STRUCT(MethodComparison, (),
                      (method, reachable, instances, obstacle, keys, inbound, agent, exposure, redundancy,
                       monthly_cost, cost_per_gigabyte, cost_lines, on_fumidai, unpriced, unverified,
                       milliseconds_to_connect))

struct IdleDescription {
  std::string id, reason;
  std::optional<std::string> monthly_cost;
  std::vector<std::string> mend;
};
BOOST_DESCRIBE_STRUCT(IdleDescription, (), (id, reason, monthly_cost, mend))

struct VpcComparison {
  std::string vpc_id, name;
  std::vector<MethodComparison> methods;
  std::vector<IdleDescription> idle;
};
BOOST_DESCRIBE_STRUCT(VpcComparison, (), (vpc_id, name, methods, idle))

struct CompareResponse {
  std::string region, currency;  // of the prices
  std::vector<VpcComparison> vpcs;
  std::vector<IdleDescription> idle;  // of no VPC; none when one VPC was asked for
};
BOOST_DESCRIBE_STRUCT(CompareResponse, (), (region, currency, vpcs, idle))

std::optional<std::string> text_of(std::optional<network::Money> const& money) {
  return money ? std::optional(network::to_string(*money)) : std::nullopt;
}

IdleDescription describe(network::IdlePart const& part) {
  return {part.id, part.reason, text_of(part.monthly), part.mend.commands};
}

MethodComparison describe(network::MethodRow const& row, sessions::Measurements const& measured) {
  MethodComparison description;
  description.method = network::to_string(row.method);
  description.reachable = row.reachable;
  description.instances = row.instances;
  description.obstacle = row.obstacle;
  description.keys = row.keys;
  description.inbound = row.inbound;
  description.agent = row.agent;
  description.exposure = row.exposure;
  description.redundancy = row.redundancy;
  description.monthly_cost = network::to_string(row.cost.monthly);
  description.cost_per_gigabyte = network::to_string(row.cost.per_gigabyte);
  for (auto const& line : row.cost.lines)
    description.cost_lines.push_back({line.what, line.id, line.count, text_of(line.monthly)});
  description.on_fumidai = {row.own.keys, row.own.needs, network::to_string(row.own.monthly),
                            network::to_string(row.own.per_gigabyte)};
  description.unpriced = row.cost.unpriced;
  description.unverified = row.cost.unverified;
  if (auto at = measured.find(description.method); at != measured.end() && row.reachable > 0)
    description.milliseconds_to_connect = at->second;
  return description;
}

Result<CompareResponse> compare(store::Transaction& transaction, Call const& call,
                                CompareRequest const& request) {
  TRY(auto network, call.plane.gate.networks().all(transaction));
  TRY(auto state, call.plane.networks.read(transaction));
  TRY(auto measured, sessions::measurements(transaction));
  auto const& prices = call.plane.prices;
  CompareResponse response{prices.region, prices.currency, {}, {}};
  for (auto const& vpc : network.vpcs) {
    if (request.vpc_id && vpc.id.text() != *request.vpc_id) continue;
    TRY(auto comparison, network::compare(network, vpc.id, prices, person_of(call)));
    auto const& tags = state->tags_of(vpc.id.text());
    auto name = tags.find("Name");
    VpcComparison description{vpc.id.text(), name == tags.end() ? "" : name->second, {}, {}};
    for (auto const& row : comparison.methods) description.methods.push_back(describe(row, measured));
    for (auto const& part : comparison.idle) description.idle.push_back(describe(part));
    response.vpcs.push_back(std::move(description));
  }
  if (request.vpc_id && response.vpcs.empty())
    return Error{Errc::not_found, "There is no VPC " + escaped(*request.vpc_id, 64) + " here.",
                 "InvalidVpcID.NotFound"};
  if (request.vpc_id) return response;
  for (auto const& part : network::idle_parts(network, prices)) {
    if (part.vpc.empty()) response.idle.push_back(describe(part));
  }
  return response;
}

// ---- DrawNetworks

struct DrawResponse {
  std::string drawing;
};
BOOST_DESCRIBE_STRUCT(DrawResponse, (), (drawing))

Result<DrawResponse> draw(store::Transaction& transaction, Call const& call, Nothing const&) {
  TRY(auto network, call.plane.gate.networks().all(transaction));
  TRY(auto state, call.plane.networks.read(transaction));
  auto name_of = [&](std::string const& id) {
    auto const& tags = state->tags_of(id);
    auto name = tags.find("Name");
    return name == tags.end() ? std::string() : name->second;
  };
  return DrawResponse{network::draw(network, name_of)};
}

// ---- RecordMeasurement

struct RecordMeasurementRequest {
  std::string method;
  std::int64_t milliseconds = 0;
  static constexpr wire::Limit kLimits[] = {{"method", 1, 64, wire::required},
                                            {"milliseconds", 0, 86'400'000}};
};
BOOST_DESCRIBE_STRUCT(RecordMeasurementRequest, (), (method, milliseconds))

Result<Nothing> record_measurement(store::Transaction& transaction, Call const& call,
                                   RecordMeasurementRequest const& request) {
  auto is_it = [&](network::Method method) { return network::to_string(method) == request.method; };
  if (std::ranges::none_of(network::kMethods, is_it))
    return Error{Errc::invalid, "'" + escaped(request.method, 64) + "' is none of the methods.",
                 "ValidationException"};
  CHECK(sessions::record_measurement(transaction, request.method, request.milliseconds, call.caller.at));
  return Nothing{};
}

}  // namespace

std::vector<Action> diagnosis_actions() {
  return {
      acts<DiagnoseRequest, DiagnoseResponse>(kFumidai, "Diagnose", diagnose),
      looks(kFumidai, "Compare", compare),
      looks(kFumidai, "DrawNetworks", draw),
      changes(kFumidai, "RecordMeasurement", record_measurement),
  };
}

}  // namespace fumidai::api
