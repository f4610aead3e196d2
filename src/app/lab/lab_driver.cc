#include "app/lab/lab_driver.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "app/lab/instance_facts.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "io/wait.h"
#include "lab/internet.h"
#include "lab/names.h"
#include "lab/port.h"
#include "lab/probe.h"
#include "lab/socket.h"
#include "networks/instances.h"

namespace fumidai::app {

using namespace std::chrono_literals;
using network::InstanceState;

namespace {

// What somebody took away by hand is back after this.
constexpr auto kLookAgain = 5s;
constexpr auto kProbe = 2s;
constexpr std::uint16_t kHttps = 443, kHttp = 80;
constexpr char const* kStartedAt = "started-at";
// By this tag an instance has another agent, or none: "none", "fumidai", "amazon".
constexpr char const* kAgentTag = "fumidai-agent";

Address const& metadata_address() {
  static Address const address = Address::parse("169.254.169.254").value();
  return address;
}

bool has_process(network::Instance const& instance) {
  return instance.state == InstanceState::pending || instance.state == InstanceState::running;
}

bool is_served(network::InterfaceEndpoint const& endpoint) {
  return endpoint.state == network::EndpointState::available ||
         endpoint.state == network::EndpointState::pending;
}

// When the instance was last started, in milliseconds; 0 when nobody knows.
std::int64_t started_at(io::Path const& directory) {
  auto text = io::read_file(directory / kStartedAt, 64);
  return text ? std::atoll(text->c_str()) : 0;
}

wire::HttpResponse not_there() {
  wire::HttpResponse response;
  response.status = 404;
  return response;
}

}  // namespace

LabDriver::LabDriver(LabParts parts, LabConfig config)
    : parts_(std::move(parts)),
      config_(std::move(config)),
      kernel_(config_.settings),
      metadata_(random_secret(32)),
      worker_("lab"),
      probers_("lab probes", 8),
      changed_(parts_.executor) {}

Result<void> LabDriver::check_able(LabConfig const& config) {
  CHECK(lab::check(config.settings));
  CHECK(lab::check_able());
  CHECK(io::make_directory(config.directory.parent_path(), 0700));
  CHECK(io::make_directory(config.directory, 0700));
  return lab::check_able(config.directory);
}

void LabDriver::on_commit(store::Transaction& transaction) {
  auto state = parts_.networks.read(transaction);
  if (!state || *state == committed_) return;
  committed_ = *std::move(state);
  asio::post(parts_.executor, [this] {
    is_to_look_ = true;
    changed_.notify();
  });
}

awaitable<void> LabDriver::run() {
  auto publish = [directory = (config_.directory / "internet").string()] {
    return lab::make_internet(directory);
  };
  auto published = co_await worker_.run(std::move(publish));
  if (!published) log_warn("the lab's internet has no packages", {{"why", published.error().detail}});
  for (;;) {
    is_to_look_ = false;
    auto done = co_await reconcile();
    auto complaint = done ? std::string() : done.error().detail;
    if (!complaint.empty() && complaint != complaint_) log_error("the lab", {{"error", complaint}});
    complaint_ = complaint;
    if (!is_to_look_) co_await changed_.wait_until(io::SteadyClock::now() + kLookAgain);
  }
}

awaitable<void> LabDriver::stop() {
  std::set<std::string> none;
  lab::Changes nothing;
  co_await drop_listeners(none, nothing);
}

awaitable<Result<LabDriver::StatePointer>> LabDriver::read_state() {
  auto look = [this](store::Transaction& transaction) { return parts_.networks.read(transaction); };
  co_return co_await parts_.database.read(std::move(look));
}

// Instances end before their namespaces go, and begin when these are there.
awaitable<Result<void>> LabDriver::reconcile() {
  CO_TRY(auto state, co_await read_state());
  CO_CHECK(co_await end_instances(state));
  auto applied = co_await apply(*state);
  CO_CHECK(co_await begin_instances(state));
  co_await listen(state);
  co_return applied;
}

awaitable<Result<void>> LabDriver::apply(networks::State const& state) {
  auto work = [this, plan = lab::plan(state.network, config_.settings)] { return kernel_.apply(plan); };
  CO_TRY(changes_, co_await worker_.run(std::move(work)));
  for (auto const& change : changes_) log_debug("lab", {{"change", change}});
  co_return success();
}

awaitable<Result<void>> LabDriver::report(std::function<void(networks::State&)> what) {
  auto write = [this, what](store::Transaction& transaction) {
    return parts_.networks.change(transaction, [&](networks::State& state) -> Result<void> {
      what(state);
      return success();
    });
  };
  co_return co_await parts_.database.write(std::move(write));
}

awaitable<Result<void>> LabDriver::end_instances(StatePointer state) {
  auto now = parts_.gate.clock().now();
  for (auto const& instance : state->network.instances) {
    auto id = instance.id;
    auto directory = config_.instance(id);
    if (instance.state == InstanceState::stopping) {
      auto stop = [directory] { return lab::stop_instance(directory); };
      CO_CHECK(co_await worker_.run(std::move(stop)));
      std::function<void(networks::State&)> stopped = [id, now](auto& changed) {
        networks::stopped(changed, id, now);
      };
      CO_CHECK(co_await report(std::move(stopped)));
    } else if (instance.state == InstanceState::shutting_down) {
      auto erase = [directory] { return lab::erase_instance(directory); };
      CO_CHECK(co_await worker_.run(std::move(erase)));
      std::function<void(networks::State&)> terminated = [id, now](auto& changed) {
        networks::terminated(changed, id, now);
      };
      CO_CHECK(co_await report(std::move(terminated)));
    }
  }
  // Those that no row knows, as after a backup of the store was restored.
  auto orphans = [this, state] {
    for (auto const& directory : lab::running_instances(config_.instances())) {
      auto const* known = state->network.instances.find(InstanceId(directory.filename().string()));
      if (!known || known->state == InstanceState::terminated) lab::erase_instance(directory);
    }
    return true;
  };
  co_await worker_.run(std::move(orphans));
  co_return success();
}

awaitable<Result<void>> LabDriver::begin_instances(StatePointer state) {
  for (auto const& instance : state->network.instances) {
    if (!has_process(instance)) continue;
    auto id = instance.id;
    auto directory = config_.instance(id);
    auto const* launch = state->launches.find(id);
    bool reboots = launch && to_millis(launch->rebooted_at) > started_at(directory);
    auto now = parts_.gate.clock().now();
    if (!lab::is_running(directory) || reboots) {
      CO_TRY(auto specification, specification(*state, id));
      auto start = [specification, reboots, now, directory]() -> Result<void> {
        if (reboots) CHECK(lab::stop_instance(directory));
        CHECK(lab::start_instance(specification));
        return io::write_file(directory / kStartedAt, std::to_string(to_millis(now)), 0600);
      };
      auto begun = co_await worker_.run(std::move(start));
      if (!begun) {
        log_error("an instance did not start", {{"instance", id.text()}, {"error", begun.error().detail}});
        std::function<void(networks::State&)> failed = [id, now, why = begun.error().detail](auto& changed) {
          networks::terminated(changed, id, now, why);
        };
        CO_CHECK(co_await report(std::move(failed)));
        continue;
      }
    }
    if (instance.state != InstanceState::pending) continue;
    std::function<void(networks::State&)> started = [id, now](auto& changed) {
      networks::started(changed, id, now);
    };
    CO_CHECK(co_await report(std::move(started)));
  }
  co_return success();
}

lab::AgentProgram LabDriver::agent_of(networks::State const& state, InstanceId const& id) const {
  auto const& tags = state.tags_of(id.text());
  auto tag = tags.find(kAgentTag);
  bool wants_amazon = tag == tags.end() ? !config_.amazon_ssm_agent.empty() : tag->second == "amazon";
  if (wants_amazon) {
    auto amazon = lab::amazon_ssm_agent(config_.amazon_ssm_agent);
    if (amazon) return *std::move(amazon);
    log_error("no amazon-ssm-agent for an instance",
              {{"instance", id.text()}, {"error", amazon.error().detail}});
  }
  return lab::our_agent(config_.programs / "fumidai-agent", config_.programs / "fumidai-agent-session",
                        state.network.region);
}

Result<lab::InstanceSpec> LabDriver::specification(networks::State const& state, InstanceId const& id) {
  TRY(auto at, state.network.locate(id));
  auto const* instance = state.network.instances.find(id);
  auto const* launch = state.launches.find(id);
  if (layers_.empty()) {
    TRY(layers_, lab::prepare_image(lab::machine_image(), config_.directory / "images"));
  }
  lab::InstanceSpec spec;
  spec.id = id;
  spec.network_namespace = lab::interface_space(config_.settings, at.interface->id);
  spec.directory = config_.instance(id);
  spec.layers = layers_;
  spec.init_program = config_.programs / "fumidai-instance-init";
  spec.address = at.interface->private_address.text();
  auto name = networks::private_host_name(state.network.region, at.interface->private_address);
  spec.hostname = name.substr(0, name.find('.'));
  spec.domain = name.substr(name.find('.') + 1);
  if (at.vpc->dns_support) spec.dns_server = lab::plus(at.vpc->cidr.base, 2).text();
  if (auto const* key = state.key_pair_named(instance->key_name)) spec.public_keys = {key->public_key};
  if (launch && !launch->user_data.empty()) {
    TRY(auto bytes, from_base64(launch->user_data));
    spec.user_data = std::string(as_text(bytes));
  }
  spec.keys_program = config_.programs / "fumidai-authorized-keys";
  spec.trusted_roots = {{"Fumidai_TLS_authority", parts_.ca_pem},
                        {io::kSignerRootFile, parts_.signer.root_pem()}};
  auto const& tags = state.tags_of(id.text());
  auto tag = tags.find(kAgentTag);
  if (tag == tags.end() || tag->second != "none") spec.agent = agent_of(state, id);
  return spec;
}

// ---- servers in namespaces

Result<void> LabDriver::add_listener(std::string key, std::string space, Address address, std::uint16_t port,
                                     std::string device, std::string via,
                                     io::PlainHttpServer::Handler handler) {
  if (listeners_.contains(key)) return success();
  TRY(int descriptor, lab::listen_in(space, address, port, device));
  Listener listener{std::move(space), std::move(device), nullptr, nullptr};
  if (handler) {
    listener.plain = std::make_unique<io::PlainHttpServer>(parts_.executor, std::move(handler));
    CHECK(listener.plain->listen_on(descriptor));
  } else {
    listener.secure =
        std::make_unique<io::HttpServer>(parts_.executor, parts_.tls, parts_.front, parts_.limits);
    CHECK(listener.secure->listen_on(descriptor, std::move(via)));
  }
  listeners_.emplace(std::move(key), std::move(listener));
  return success();
}

// Those that are not wanted, and those whose namespace or link was made again.
awaitable<void> LabDriver::drop_listeners(std::set<std::string> const& wanted, lab::Changes const& changes) {
  auto was_made = [&](std::string const& name) {
    return !name.empty() && std::ranges::any_of(changes, [&](std::string const& change) {
      bool is_thing = change.starts_with("+ namespace ") || change.starts_with("+ link ");
      return is_thing && change.find(name) != change.npos;
    });
  };
  std::vector<Listener> gone;
  for (auto at = listeners_.begin(); at != listeners_.end();) {
    bool stays = wanted.contains(at->first) && !was_made(at->second.space) && !was_made(at->second.device);
    if (stays) {
      ++at;
      continue;
    }
    gone.push_back(std::move(at->second));
    at = listeners_.erase(at);
  }
  for (auto& listener : gone) {
    if (listener.plain) co_await listener.plain->stop(0s);
    if (listener.secure) co_await listener.secure->stop(0s);
  }
}

awaitable<void> LabDriver::listen(StatePointer state) {
  struct Wanted {
    std::string space;
    Address address;
    std::uint16_t port;
    std::string device, via;
    io::PlainHttpServer::Handler handler = {};
  };
  std::map<std::string, Wanted> all;
  auto const& network = state->network;
  auto const& settings = config_.settings;
  for (auto const& instance : network.instances) {
    auto at = network.locate(instance.id);
    if (!at || !has_process(instance)) continue;
    io::PlainHttpServer::Handler handler = [this, id = instance.id](wire::HttpRequest request, io::Peer) {
      return answer_metadata(id, std::move(request));
    };
    all["metadata " + instance.id.text()] = {lab::router_space(settings, at->vpc->id),
                                             metadata_address(),
                                             kHttp,
                                             lab::link_name(at->interface->id),
                                             "",
                                             std::move(handler)};
  }
  for (auto const& endpoint : network.endpoints) {
    if (!is_served(endpoint)) continue;
    for (auto const* interface : network.interfaces_of(endpoint.id))
      all["endpoint " + interface->id.text()] = {lab::interface_space(settings, interface->id),
                                                 interface->private_address, kHttps, "", endpoint.id.text()};
  }
  auto internet = lab::internet_space(settings);
  all["plane"] = {internet, settings.plane, kHttps, "", ""};
  all["web"] = {internet,
                settings.web,
                kHttp,
                "",
                "",
                [this](wire::HttpRequest request, io::Peer) -> awaitable<wire::HttpResponse> {
                  co_return lab::answer(request, (config_.directory / "internet").string());
                }};
  std::set<std::string> keys;
  for (auto const& [key, each] : all) keys.insert(key);
  co_await drop_listeners(keys, changes_);
  for (auto& [key, each] : all) {
    auto added = add_listener(key, each.space, each.address, each.port, each.device, each.via, each.handler);
    if (!added) log_warn("the lab cannot listen", {{"for", key}, {"error", added.error().detail}});
  }
}

awaitable<wire::HttpResponse> LabDriver::answer_metadata(InstanceId instance, wire::HttpRequest request) {
  auto wanted = lab::Metadata::wants_credentials(request);
  auto look = [this, instance, wanted](store::Transaction& transaction) -> Result<lab::MetadataFacts> {
    TRY(auto state, parts_.networks.read(transaction));
    return metadata_facts(transaction, parts_.gate, parts_.signer, *state, instance, wanted);
  };
  auto facts = co_await parts_.database.read(std::move(look));
  if (facts) co_return metadata_.answer(*facts, request, parts_.gate.clock().now());
  if (facts.error().code != Errc::not_found)
    log_error("the metadata service", {{"instance", instance.text()}, {"error", facts.error().detail}});
  co_return not_there();
}

// ---- what actions ask

Result<std::string> LabDriver::console_output(InstanceId const& instance) {
  return lab::console_output(config_.instance(instance));
}

api::Observation LabDriver::try_way(networks::State const& state, network::Path const& way) const {
  auto const& network = state.network;
  std::string space;
  network::VpcId home;
  if (auto const* from = std::get_if<network::InterfaceId>(&way.from)) {
    space = lab::interface_space(config_.settings, *from);
    if (auto at = network.locate(*from)) home = at->vpc->id;
  }
  std::optional<Address> to;
  if (auto const* interface = std::get_if<network::InterfaceId>(&way.to)) {
    auto at = network.locate(*interface);
    if (at && at->vpc->id == home) {
      to = at->interface->private_address;
    } else if (at) {
      to = network.public_address(*at->interface);
    }
  } else {
    to = std::get<Address>(way.to);
    if (*to == network::the_internet()) to = config_.settings.plane;
  }
  if (!to) return {false, "there is no address to try"};
  auto port = static_cast<std::uint16_t>(way.flow.port);
  auto seen = lab::probe_tcp(space, *to, port, kProbe);
  if (!seen) return {false, seen.error().detail};
  return {lab::arrives(*seen),
          std::string(lab::to_string(*seen)) + " (" + to->text() + " port " + std::to_string(port) + ")"};
}

awaitable<Result<std::vector<api::Observation>>> LabDriver::observe(std::vector<network::Path> ways) {
  using namespace asio::experimental::awaitable_operators;
  CO_TRY(auto state, co_await read_state());
  std::vector<api::Observation> seen(ways.size());
  io::TaskGroup tasks(parts_.executor, "probes");
  auto probe = [](LabDriver& self, StatePointer now, network::Path way,
                  api::Observation& into) -> awaitable<void> {
    auto work = [&self, now, way] { return self.try_way(*now, way); };
    into = co_await self.probers_.run(std::move(work));
  };
  for (std::size_t i = 0; i < ways.size(); i++) tasks.spawn(probe(*this, state, std::move(ways[i]), seen[i]));
  co_await tasks.join();
  co_return seen;
}

Result<lab::Changes> tear_down_lab(LabConfig const& config) {
  for (auto const& directory : lab::running_instances(config.instances()))
    CHECK(lab::erase_instance(directory));
  TRY(auto changes, lab::Kernel(config.settings).down());
  std::error_code failure;
  std::filesystem::remove_all(config.directory, failure);
  if (failure) return Error{Errc::system, "remove " + config.directory.string() + ": " + failure.message()};
  return changes;
}

}  // namespace fumidai::app
