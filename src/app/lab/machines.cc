#include "app/lab/machines.h"

#include "base/bytes.h"
#include "base/log.h"
#include "inventory/instances.h"
#include "io/key_signer.h"
#include "lab/image.h"
#include "lab/names.h"
#include "lab/port.h"
#include "lab/sandbox.h"
#include "lab/space.h"
#include "networks/instances.h"

namespace fumidai::app {

using namespace std::chrono_literals;
using network::InstanceState;

namespace {

constexpr std::size_t kAtOnce = 4;
constexpr auto kFirstPause = 2s, kLongestPause = 60s;
constexpr char const* kStartFile = "started-by";

std::string to_text(MachineStart const& start) {
  return std::to_string(to_millis(start.launched_at)) + " " + std::to_string(to_millis(start.rebooted_at)) +
         " " + std::to_string(start.space) + "\n";
}

std::optional<MachineStart> read_start(io::Path const& directory) {
  auto text = io::read_file(directory / kStartFile, 128);
  long long launched = 0, rebooted = 0;
  unsigned long long space = 0;
  if (!text || std::sscanf(text->c_str(), "%lld %lld %llu", &launched, &rebooted, &space) != 3)
    return std::nullopt;
  return MachineStart{from_millis(launched), from_millis(rebooted), space};
}

// As the store keeps it: to the millisecond.
Time kept(Time time) {
  return from_millis(to_millis(time));
}

MachineFacts facts_of(io::Path const& directory) {
  return {lab::is_running(directory), lab::shut_itself_down(directory), read_start(directory)};
}

}  // namespace

Machines::Machines(Parts parts, LabConfig const& config)
    : parts_(std::move(parts)),
      config_(config),
      worker_("machines", kAtOnce),
      tasks_(parts_.executor, "machines") {}

void Machines::follow(StatePointer state, HasItsPlace const& has_its_place) {
  for (auto const& instance : state->network.instances) begin_task(state, instance, has_its_place(instance));
  auto is_forgotten = [&](auto const& trouble) {
    return !trouble.first.empty() && !state->network.instances.find(trouble.first);
  };
  std::erase_if(troubles_, is_forgotten);
  auto unknown = troubles_.find(InstanceId(""));
  bool rests = unknown != troubles_.end() && io::SteadyClock::now() < unknown->second.again;
  if (is_ending_unknown_ || rests) return;
  is_ending_unknown_ = true;
  tasks_.spawn(end_unknown());
}

void Machines::begin_task(StatePointer state, network::Instance const& instance, bool has_its_place) {
  bool lives = instance.state == InstanceState::pending || instance.state == InstanceState::running;
  bool ends = instance.state == InstanceState::stopping || instance.state == InstanceState::shutting_down;
  auto const* launch = state->launches.find(instance.id);
  bool by_force = instance.state == InstanceState::stopping && launch && launch->stops_by_force;
  if (auto busy = busy_.find(instance.id); busy != busy_.end()) {
    if (by_force) *busy->second = true;
    return;
  }
  if (!(ends || (lives && has_its_place))) return;
  auto trouble = troubles_.find(instance.id);
  if (trouble != troubles_.end() && io::SteadyClock::now() < trouble->second.again) return;
  Assignment assignment{state, instance.id, {}, std::make_shared<std::atomic<bool>>(by_force)};
  if (launch) assignment.wanted = {kept(launch->launched_at), kept(launch->rebooted_at), 0};
  busy_.emplace(instance.id, assignment.by_force);
  tasks_.spawn(work_on(std::move(assignment), instance.state));
}

awaitable<void> Machines::work_on(Assignment assignment, InstanceState found) {
  // Also when it is cancelled.
  struct Busy {
    decltype(busy_)& all;
    InstanceId id;
    ~Busy() { all.erase(id); }
  } busy{busy_, assignment.id};
  auto id = assignment.id;
  auto done = co_await act(std::move(assignment), found);
  note(id, done);
}

void Machines::note(InstanceId const& id, Result<void> const& done) {
  if (done) {
    troubles_.erase(id);
    return;
  }
  auto& trouble = troubles_.try_emplace(id, Trouble{"", {}, kFirstPause}).first->second;
  if (trouble.why != done.error().detail)
    log_error("the lab", {{"instance", id.text()}, {"error", done.error().detail}});
  trouble.why = done.error().detail;
  trouble.again = io::SteadyClock::now() + trouble.pause;
  trouble.pause = std::min<std::chrono::seconds>(trouble.pause * 2, kLongestPause);
}

awaitable<Result<void>> Machines::act(Assignment assignment, InstanceState found) {
  auto directory = config_.instance(assignment.id);
  auto const* instance = assignment.state->network.instances.find(assignment.id);
  auto space_name = lab::interface_space(config_.settings, instance->interface);
  bool lives = found == InstanceState::pending || found == InstanceState::running;
  auto look = [directory, space_name, lives]() -> Result<std::pair<MachineFacts, std::uint64_t>> {
    if (!lives) return std::pair(MachineFacts{}, std::uint64_t{0});
    TRY(auto space, lab::SpaceHandle::open(space_name));
    return std::pair(facts_of(directory), space.identity());
  };
  CO_TRY(auto seen, co_await worker_.run(std::move(look)));
  assignment.wanted.space = seen.second;
  auto id = assignment.id;
  auto now = parts_.clock.now();
  switch (next_deed(found, assignment.wanted, seen.first)) {
    case MachineDeed::none: co_return success();
    case MachineDeed::begin: co_return co_await begin(std::move(assignment), false);
    case MachineDeed::begin_again: co_return co_await begin(std::move(assignment), true);
    case MachineDeed::stop: co_return co_await stop(std::move(id), std::move(assignment.by_force));
    case MachineDeed::erase: co_return co_await erase(std::move(id));
    case MachineDeed::tell_running: {
      Report started = [id, now](auto& state) { networks::started(state, id, now); };
      co_return co_await report(std::move(started));
    }
    case MachineDeed::tell_shut_down: {
      parts_.on_end(id, "the instance shut itself down");
      Report stopped = [id, now](auto& state) { networks::stopped(state, id, now); };
      co_return co_await report(std::move(stopped));
    }
  }
  co_return success();
}

// What it is started by is written between the end of the old run and the beginning of the new: a crash at
// any point leaves one that is begun once more, or that runs as it should.
awaitable<Result<void>> Machines::begin(Assignment assignment, bool again) {
  auto directory = config_.instance(assignment.id);
  auto work = [this, assignment, directory, again]() -> Result<void> {
    TRY(auto spec, specification(*assignment.state, assignment.id));
    CHECK(io::make_directory(directory, 0700));
    if (again) CHECK(lab::stop_instance(directory));
    lab::forget_last_end(directory);
    CHECK(io::write_file(directory / kStartFile, to_text(assignment.wanted), 0600));
    return lab::start_instance(spec);
  };
  auto begun = co_await worker_.run(std::move(work));
  if (!begun) co_return co_await did_not_begin(assignment.id, begun.error());
  auto now = parts_.clock.now();
  Report started = [id = assignment.id, now](auto& state) { networks::started(state, id, now); };
  co_return co_await report(std::move(started));
}

// One that is pending ends as AWS's do; one that ran before is tried again.
awaitable<Result<void>> Machines::did_not_begin(InstanceId id, Error why) {
  auto now = parts_.clock.now();
  Report failed = [id, now, detail = why.detail](auto& state) {
    networks::did_not_start(state, id, now, detail);
  };
  CO_CHECK(co_await report(std::move(failed)));
  co_return why;
}

awaitable<Result<void>> Machines::stop(InstanceId id, std::shared_ptr<std::atomic<bool>> by_force) {
  lab::StopPatience patience;
  patience.is_over = [by_force] { return by_force->load(); };
  auto work = [directory = config_.instance(id), patience] {
    return lab::stop_instance(directory, patience);
  };
  CO_CHECK(co_await worker_.run(std::move(work)));
  parts_.on_end(id, "the instance was stopped");
  auto now = parts_.clock.now();
  Report stopped = [id, now](auto& state) { networks::stopped(state, id, now); };
  co_return co_await report(std::move(stopped));
}

// Its host is gone for the session manager, too.
awaitable<Result<void>> Machines::erase(InstanceId id) {
  auto work = [directory = config_.instance(id)] { return lab::erase_instance(directory); };
  CO_CHECK(co_await worker_.run(std::move(work)));
  parts_.on_end(id, "the instance was terminated");
  auto now = parts_.clock.now();
  auto write = [this, id, now](store::Transaction& transaction) -> Result<void> {
    auto removed = inventory::remove_instance(transaction, id);
    if (!removed && removed.error().code != Errc::not_found) return removed;
    return parts_.networks.change(transaction, [&](networks::State& state) -> Result<void> {
      networks::terminated(state, id, now);
      return success();
    });
  };
  co_return co_await parts_.database.write(std::move(write));
}

awaitable<Result<void>> Machines::report(Report what) {
  auto write = [this, what = std::move(what)](store::Transaction& transaction) {
    return parts_.networks.change(transaction, [&](networks::State& state) -> Result<void> {
      what(state);
      return success();
    });
  };
  co_return co_await parts_.database.write(std::move(write));
}

// Those that no row knows, as after a backup of the store was restored, or that did not begin.
awaitable<void> Machines::end_unknown() {
  auto done = co_await erase_unknown();
  note(InstanceId(""), done);
  is_ending_unknown_ = false;
}

// The directories are listed before the store is read: one that is made after has its row.
awaitable<Result<void>> Machines::erase_unknown() {
  auto list = [this] { return lab::instances_below(config_.instances()); };
  auto there = co_await worker_.run(std::move(list));
  auto look = [this](store::Transaction& transaction) { return parts_.networks.read(transaction); };
  CO_TRY(StatePointer state, co_await parts_.database.read(std::move(look)));
  auto is_known = [&](io::Path const& directory) {
    auto const* instance = state->network.instances.find(InstanceId(directory.filename().string()));
    return instance && instance->state != InstanceState::terminated;
  };
  std::erase_if(there, is_known);
  auto erase = [there] {
    Result<void> all = success();
    for (auto const& directory : there) {
      auto erased = lab::erase_instance(directory);
      if (!erased && all) all = erased;
    }
    return all;
  };
  co_return co_await worker_.run(std::move(erase));
}

std::optional<lab::AgentProgram> Machines::agent_of(networks::State const& state,
                                                    InstanceId const& id) const {
  auto const& tags = state.tags_of(id.text());
  auto tag = tags.find(std::string(networks::kAgentTag));
  if (tag != tags.end() && tag->second == networks::kNoAgent) return std::nullopt;
  bool wants_amazon =
      tag == tags.end() ? !config_.amazon_ssm_agent.empty() : tag->second == networks::kAmazonAgent;
  if (wants_amazon) {
    auto amazon = lab::amazon_ssm_agent(config_.amazon_ssm_agent);
    if (amazon) return *std::move(amazon);
    log_error("no amazon-ssm-agent for an instance",
              {{"instance", id.text()}, {"error", amazon.error().detail}});
  }
  return lab::our_agent(config_.programs / "fumidai-agent", config_.programs / "fumidai-agent-session",
                        state.network.region);
}

Result<lab::InstanceSpec> Machines::specification(networks::State const& state, InstanceId const& id) const {
  TRY(auto at, state.network.locate(id));
  auto const* instance = state.network.instances.find(id);
  auto const* launch = state.launches.find(id);
  lab::InstanceSpec spec;
  spec.id = id;
  TRY(auto image, config_.make_image());
  TRY(spec.layers, lab::prepare_image(image, config_.directory / "images"));
  spec.network_namespace = lab::interface_space(config_.settings, at.interface->id);
  spec.directory = config_.instance(id);
  spec.init_program = config_.programs / "fumidai-instance-init";
  spec.address = at.interface->private_address.text();
  auto name = networks::private_host_name(state.network.region, at.interface->private_address);
  spec.hostname = name.substr(0, name.find('.'));
  spec.domain = name.substr(name.find('.') + 1);
  // Whether it answers is the VPC's to say, at any time.
  spec.dns_server = lab::plus(at.vpc->cidr.base, 2).text();
  if (auto key = state.public_key_of(*instance); !key.empty()) spec.public_keys = {key};
  if (launch && !launch->user_data.empty()) {
    TRY(auto bytes, from_base64(launch->user_data));
    spec.user_data = std::string(as_text(bytes));
  }
  spec.keys_program = config_.programs / "fumidai-authorized-keys";
  spec.trusted_roots = {{"Fumidai_TLS_authority", parts_.ca_pem}, {io::kSignerRootFile, parts_.signer_root}};
  spec.agent = agent_of(state, id);
  return spec;
}

}  // namespace fumidai::app
