#include "app/lab/lab_driver.h"

#include "app/lab/instance_facts.h"
#include "base/log.h"
#include "base/random.h"
#include "io/wait.h"
#include "lab/internet.h"
#include "lab/names.h"
#include "lab/probe.h"
#include "lab/socket.h"
#include "wire/await_target.h"

namespace fumidai::app {

using namespace std::chrono_literals;
using network::InstanceState;

namespace {

// What somebody took away by hand is back after this.
constexpr auto kLookAgain = 5s;
constexpr auto kProbe = 2s, kDial = 8s;
// The 128 ways of one diagnosis, none of which answers, take 8 s: who asks waits 30.
constexpr std::size_t kProbers = 32;
constexpr std::uint16_t kHttps = 443, kHttp = 80, kSsh = 22;

Address const& metadata_address() {
  static Address const address = Address::parse("169.254.169.254").value();
  return address;
}

// As instances know it, whatever their VPC's block is.
Address const& resolver_address() {
  static Address const address = Address::parse("169.254.169.253").value();
  return address;
}

bool has_process(network::Instance const& instance) {
  return instance.state == InstanceState::pending || instance.state == InstanceState::running;
}

bool is_served(network::InterfaceEndpoint const& endpoint) {
  return endpoint.state == network::EndpointState::available ||
         endpoint.state == network::EndpointState::pending;
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
      machines_({parts_.executor, parts_.database, parts_.networks, parts_.gate.clock(), parts_.ca_pem,
                 parts_.signer.root_pem(),
                 [this](InstanceId const& id, std::string const& why) {
                   parts_.registry.terminate_all_of(id, why);
                 }},
                config_),
      worker_("lab"),
      probers_("lab probes", kProbers),
      dialers_("lab dials", 4),
      changed_(parts_.executor) {}

Result<void> LabDriver::check_able(LabConfig const& config) {
  CHECK(lab::check_able(config.settings));
  CHECK(config.make_image());
  if (!config.amazon_ssm_agent.empty()) CHECK(lab::amazon_ssm_agent(config.amazon_ssm_agent));
  CHECK(lab::check_able(config.directory));
  CHECK(io::make_directory(config.directory.parent_path(), 0700));
  return io::make_directory(config.directory, 0700);
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
    tell(done ? std::string() : done.error().detail);
    if (!is_to_look_) co_await changed_.wait_until(io::SteadyClock::now() + kLookAgain);
  }
}

// Once, however many rounds it lasts.
void LabDriver::tell(std::string complaint) {
  std::lock_guard guard(complaint_mutex_);
  if (!complaint.empty() && complaint != complaint_) log_error("the lab", {{"error", complaint}});
  complaint_ = std::move(complaint);
}

std::string LabDriver::complaint() const {
  std::lock_guard guard(complaint_mutex_);
  return complaint_;
}

awaitable<void> LabDriver::stop_listening() {
  Grounds none;
  co_await drop_listeners(none);
}

awaitable<void> LabDriver::stop() {
  machines_.cancel();
  co_await machines_.join();
}

awaitable<Result<LabDriver::StatePointer>> LabDriver::read_state() {
  auto look = [this](store::Transaction& transaction) { return parts_.networks.read(transaction); };
  co_return co_await parts_.database.read(std::move(look));
}

awaitable<Result<void>> LabDriver::reconcile() {
  CO_TRY(auto state, co_await read_state());
  auto applied = co_await apply(*state);
  machines_.follow(state, [&](auto const& instance) { return has_its_place(*state, instance); });
  std::erase_if(silent_since_,
                [&](auto const& silent) { return !state->network.instances.find(silent.first); });
  CO_CHECK(co_await listen(state));
  co_return applied;
}

awaitable<Result<void>> LabDriver::apply(networks::State const& state) {
  auto work = [this, plan = lab::plan(state.network, config_.settings)] {
    auto changes = kernel_.apply(plan);
    return std::pair(std::move(changes), kernel_.failed());
  };
  auto [changes, failed] = co_await worker_.run(std::move(work));
  failed_spaces_ = std::move(failed);
  if (!changes) co_return changes.error();
  for (auto const& change : *changes) log_debug("lab", {{"change", change}});
  co_return success();
}

// Its namespace and its VPC's router are as they should be. What could not be made elsewhere is no reason to
// wait.
bool LabDriver::has_its_place(networks::State const& state, network::Instance const& instance) const {
  auto at = state.network.locate(instance.id);
  return failed_spaces_ && at &&
         !failed_spaces_->contains(lab::interface_space(config_.settings, instance.interface)) &&
         !failed_spaces_->contains(lab::router_space(config_.settings, at->vpc->id));
}

// ---- servers in namespaces

LabDriver::Doors LabDriver::doors_of(networks::State const& state) {
  Doors all;
  auto const& network = state.network;
  auto const& settings = config_.settings;
  for (auto const& instance : network.instances) {
    auto at = network.locate(instance.id);
    if (!at || !has_process(instance)) continue;
    io::PlainHttpServer::Handler handler = [this, id = instance.id](wire::HttpRequest request, io::Peer) {
      return answer_metadata(id, std::move(request));
    };
    all["metadata " + instance.id.text()] = {
        lab::router_space(settings, at->vpc->id), metadata_address(), kHttp,
        lab::link_name(at->interface->id),        std::nullopt,       std::move(handler)};
  }
  for (auto const& endpoint : network.endpoints) {
    if (!is_served(endpoint)) continue;
    io::Via via{endpoint.id.text(), std::string(network.short_name(endpoint))};
    for (auto const* interface : network.interfaces_of(endpoint.id))
      all["endpoint " + interface->id.text()] = {lab::interface_space(settings, interface->id),
                                                 interface->private_address, kHttps, "", via};
  }
  auto internet = lab::internet_space(settings);
  all["plane"] = {internet, settings.plane, kHttps, "", io::Via{}};
  all["web"] = {internet,
                settings.web,
                kHttp,
                "",
                std::nullopt,
                [this](wire::HttpRequest request, io::Peer) -> awaitable<wire::HttpResponse> {
                  co_return lab::answer(request, (config_.directory / "internet").string());
                }};
  return all;
}

// What the doors stand on now, whoever made it; of a namespace or link that is not there, nothing.
LabDriver::Grounds LabDriver::look_at_grounds(Doors const& doors) {
  std::map<std::string, std::pair<std::uint64_t, lab::Links>> spaces;
  Grounds grounds;
  for (auto const& [key, door] : doors) {
    auto found = spaces.find(door.space);
    if (found == spaces.end()) {
      auto space = lab::SpaceHandle::open(door.space);
      if (!space) continue;
      auto links = lab::links_of(*space);
      if (!links) continue;
      found = spaces.emplace(door.space, std::pair(space->identity(), *std::move(links))).first;
    }
    auto const& [identity, links] = found->second;
    auto link = links.find(door.device);
    if (!door.device.empty() && link == links.end()) continue;
    grounds[key] = {identity, door.device.empty() ? 0 : link->second};
  }
  return grounds;
}

awaitable<Result<void>> LabDriver::listen(StatePointer state) {
  auto doors = doors_of(*state);
  auto look = [doors] { return look_at_grounds(doors); };
  auto grounds = co_await worker_.run(std::move(look));
  co_await drop_listeners(grounds);
  Result<void> all = success();
  for (auto& [key, ground] : grounds) {
    auto added = add_listener(key, ground, doors.at(key));
    if (!added && all)
      all = Error{added.error().code, "cannot listen for " + key + ": " + added.error().detail};
  }
  co_return all;
}

Result<void> LabDriver::add_listener(std::string const& key, Ground const& ground, Door const& door) {
  if (listeners_.contains(key)) return success();
  TRY(int descriptor, lab::listen_in(door.space, door.address, door.port, door.device));
  Listener listener{ground, nullptr, nullptr};
  if (door.handler) {
    listener.plain = std::make_unique<io::PlainHttpServer>(parts_.executor, door.handler);
    CHECK(listener.plain->listen_on(descriptor));
  } else {
    listener.secure =
        std::make_unique<io::HttpServer>(parts_.executor, parts_.tls, parts_.front, parts_.limits);
    CHECK(listener.secure->listen_on(descriptor, *door.via));
  }
  listeners_.emplace(key, std::move(listener));
  return success();
}

// Those that are not wanted, and those that stand on what is not there any more, though it may be called the
// same.
awaitable<void> LabDriver::drop_listeners(Grounds const& wanted) {
  std::vector<Listener> gone;
  for (auto at = listeners_.begin(); at != listeners_.end();) {
    auto ground = wanted.find(at->first);
    if (ground != wanted.end() && ground->second == at->second.ground) {
      ++at;
      continue;
    }
    gone.push_back(std::move(at->second));
    at = listeners_.erase(at);
  }
  co_await io::to_the_end(stop_all(gone));
}

awaitable<void> LabDriver::stop_all(std::vector<Listener>& listeners) {
  for (auto& listener : listeners) {
    if (listener.plain) co_await listener.plain->stop(0s);
    if (listener.secure) co_await listener.secure->stop(0s);
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

// ---- tunnels

namespace {

awaitable<Result<void>> connect_socket(io::Socket& socket, asio::ip::tcp::endpoint to) {
  auto [error] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
  if (error) co_return Error{Errc::unavailable, error.message()};
  co_return success();
}

// Doctor knows instances, and no addresses.
Error no_answer(network::Network const& network, Result<network::Location> const& from,
                Address const& address, std::uint16_t port) {
  std::string whose = "INSTANCE";
  for (auto const& each : network.interfaces) {
    auto const* subnet = network.subnets.find(each.subnet);
    bool is_it = each.private_address == address && from && subnet && subnet->vpc == from->vpc->id;
    if (is_it && std::holds_alternative<InstanceId>(each.owner)) whose = network::text_of(each.owner);
  }
  return {Errc::unavailable, wire::no_answer(address.text(), port, whose)};
}

}  // namespace

// Whose address a connection has that is made for somebody out there. On this machine itself, and of nobody
// in particular, that is the address under which the lab knows the machine.
Address LabDriver::outsider(Address const& address) const {
  bool is_here = address == network::the_internet() || address.text().starts_with("127.") || address.is_v6;
  return is_here ? config_.settings.host : address;
}

awaitable<Result<std::unique_ptr<io::Stream>>> LabDriver::dial(network::ConnectEndpointId endpoint,
                                                               Address client, Address address,
                                                               std::uint16_t port) {
  CO_TRY(auto state, co_await read_state());
  auto interfaces = state->network.interfaces_of(endpoint);
  if (interfaces.empty())
    co_return Error{Errc::unavailable, endpoint.text() + " has no network interface any more"};
  auto space = lab::interface_space(config_.settings, interfaces[0]->id);
  auto* known = state->network.connect_endpoints.find(endpoint);
  bool is_kept = known != nullptr && known->preserve_client_ip;
  if (is_kept && client.is_v6 && client.text() != "::1")
    co_return Error{Errc::unavailable, endpoint.text() +
                                           " preserves the client's address, which has to be one of "
                                           "IPv4; yours is " +
                                           client.text()};
  auto source = is_kept ? std::optional(outsider(client)) : std::nullopt;
  auto home = state->network.locate(interfaces[0]->id);
  if (source && home && home->vpc->cidr.contains(*source))
    co_return Error{Errc::unavailable, endpoint.text() + " preserves the client's address, and yours (" +
                                           source->text() + ") is one of the VPC's own block"};
  auto make = [this, space, source] {
    return source ? lab::socket_from(space, *source, source_ports_) : lab::socket_in(space, SOCK_STREAM);
  };
  CO_TRY(int descriptor, co_await dialers_.run(std::move(make)));
  io::Socket socket(parts_.executor);
  boost::system::error_code failure;
  socket.assign(asio::ip::tcp::v4(), descriptor, failure);
  if (failure) ::close(descriptor);
  auto aimed_at = asio::ip::make_address(address.text(), failure);
  if (failure) co_return Error{Errc::unavailable, address.text() + ": " + failure.message()};
  auto at = address.text() + " port " + std::to_string(port);
  asio::ip::tcp::endpoint to(aimed_at, port);
  auto connected = co_await io::within(kDial, connect_socket(socket, to));
  if (!connected && connected.error().code == Errc::deadline_exceeded)
    co_return no_answer(state->network, home, address, port);
  if (!connected) co_return Error{Errc::unavailable, at + ": " + connected.error().detail};
  io::set_socket_options(socket, parts_.limits.keep_alive);
  io::set_patient(socket);
  co_return io::make_tcp_stream(std::move(socket));
}

// ---- what actions ask

Result<std::string> LabDriver::console_output(InstanceId const& instance) {
  return lab::console_output(config_.instance(instance));
}

std::optional<bool> LabDriver::agent_runs(InstanceId const& instance) {
  auto programs = lab::programs_of(config_.instance(instance));
  if (!programs) return std::nullopt;
  return std::ranges::any_of(
      *programs, [](auto const& name) { return name == "fumidai-agent" || name == "amazon-ssm-agent"; });
}

awaitable<std::vector<api::Vitals>> LabDriver::look_at(std::vector<InstanceId> instances) {
  std::vector<io::Path> directories;
  for (auto const& id : instances) directories.push_back(config_.instance(id));
  auto look = [directories = std::move(directories)] {
    std::vector<api::Vitals> seen;
    for (auto const& directory : directories)
      seen.push_back({lab::is_running(directory), lab::listens_on(directory, kSsh)});
    return seen;
  };
  auto seen = co_await probers_.run(std::move(look));
  auto now = parts_.gate.clock().now();
  for (std::size_t i = 0; i < seen.size(); i++) {
    if (seen[i].answers) {
      silent_since_.erase(instances[i]);
    } else {
      seen[i].silent_since = silent_since_.try_emplace(instances[i], now).first->second;
    }
  }
  co_return seen;
}

std::optional<api::Observation> LabDriver::try_way(networks::State const& state,
                                                   network::Path const& way) const {
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
  if (!to) return {};
  auto port = static_cast<std::uint16_t>(way.flow.port);
  auto source = way.sender ? std::optional(outsider(*way.sender)) : std::nullopt;
  auto seen = lab::probe_tcp(space, *to, port, kProbe, source);
  if (!seen) return {};
  auto how = std::string(lab::to_string(*seen)) + " (" + to->text() + " port " + std::to_string(port) + ")";
  return api::Observation{lab::arrives(*seen), std::move(how), *seen == lab::Probe::refused};
}

std::optional<api::Observation> LabDriver::try_name(network::Lookup const& lookup) const {
  auto space = lab::interface_space(config_.settings, lookup.from);
  auto found = lab::probe_name(space, resolver_address(), lookup.name, kProbe);
  if (!found && found.error().code == Errc::not_found)
    return api::Observation{false, lookup.name + " has no address"};
  if (!found && found.error().code == Errc::deadline_exceeded)
    return api::Observation{false, "no answer about " + lookup.name};
  if (!found) return {};
  std::string list;
  for (auto const& address : *found) list += (list.empty() ? "" : ", ") + address.text();
  auto is_wanted = [&](Address const& address) {
    return lookup.wanted.empty() || std::ranges::count(lookup.wanted, address) > 0;
  };
  return api::Observation{!found->empty() && std::ranges::all_of(*found, is_wanted),
                          lookup.name + " is " + list};
}

awaitable<Result<LabDriver::Observations>> LabDriver::observe(std::vector<api::Trial> trials) {
  CO_TRY(auto state, co_await read_state());
  Observations seen(trials.size());
  co_await io::to_the_end(try_all(state, trials, seen));
  co_return seen;
}

awaitable<void> LabDriver::try_all(StatePointer state, std::vector<api::Trial> const& trials,
                                   Observations& seen) {
  io::TaskGroup tasks(parts_.executor, "probes");
  auto probe = [](LabDriver& self, StatePointer now, api::Trial trial,
                  std::optional<api::Observation>& into) -> awaitable<void> {
    auto work = [&self, now, trial] {
      auto const* lookup = std::get_if<network::Lookup>(&trial);
      return lookup ? self.try_name(*lookup) : self.try_way(*now, std::get<network::Path>(trial));
    };
    into = co_await self.probers_.run(std::move(work));
  };
  for (std::size_t i = 0; i < trials.size(); i++) tasks.spawn(probe(*this, state, trials[i], seen[i]));
  co_await tasks.join();
}

io::Path driver_lock(LabConfig const& config) {
  return config.settings.directory() + "/driver";
}

Result<io::FileLock> hold_lab(LabConfig const& config) {
  CHECK(io::make_directory(config.settings.directory(), 0755));
  // Of a server that was killed a child may hold it for a moment.
  auto lock = io::FileLock::take(driver_lock(config), 1s);
  if (lock || lock.error().code != Errc::conflict) return lock;
  return Error{Errc::conflict, "another server runs the lab '" + config.settings.label +
                                   "' on this machine; stop it first, or give yours another name with "
                                   "--lab-label (of `fumidai lab`: --label)"};
}

Result<lab::Changes> tear_down_lab(LabConfig const& config) {
  TRY(auto held, hold_lab(config));
  for (auto const& directory : lab::instances_below(config.instances()))
    CHECK(lab::erase_instance(directory));
  TRY(auto changes, lab::Kernel(config.settings).down());
  std::error_code failure;
  std::filesystem::remove(driver_lock(config), failure);
  std::filesystem::remove(config.settings.directory(), failure);
  std::filesystem::remove_all(config.directory, failure);
  if (failure) return Error{Errc::system, "remove " + config.directory.string() + ": " + failure.message()};
  return changes;
}

}  // namespace fumidai::app
