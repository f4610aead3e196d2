#pragma once

// Makes what the store says of networks and instances real, and keeps it so: namespaces, links, rules,
// and the servers that answer in them; the instances are Machines'. It follows each change of the store,
// looks again every few seconds for what somebody took away, and reports what has come about. Instances
// outlive it, and are found again by the next.

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "api/lab.h"
#include "app/lab/machines.h"
#include "io/http_server.h"
#include "io/key_signer.h"
#include "io/plain_http.h"
#include "io/task_group.h"
#include "io/worker.h"
#include "lab/kernel.h"
#include "lab/metadata.h"
#include "lab/source_ports.h"
#include "networks/keeper.h"
#include "sessions/dialer.h"
#include "sessions/gate.h"
#include "sessions/registry.h"
#include "store/database.h"

namespace fumidai::app {

// What of the server it works with; all of it outlives the driver.
struct LabParts {
  asio::any_io_executor executor;
  store::Database& database;
  networks::Keeper& networks;
  sessions::Gate& gate;
  sessions::Registry& registry;
  io::HttpHandler& front;  // answers as AWS's services
  io::TlsContext tls;
  io::ServerLimits limits;
  std::string ca_pem;  // that instances trust
  io::KeySigner& signer;
};

class LabDriver : public api::Lab, public sessions::Dialer {
 public:
  LabDriver(LabParts parts, LabConfig config);

  using Observations = std::vector<std::optional<api::Observation>>;

  // Before anything is changed: whether this machine can hold a lab. Errors say what to do.
  static Result<void> check_able(LabConfig const& config);

  // Until it is cancelled.
  awaitable<void> run();
  // On the database's thread, after a commit: follows changes of the networks, and of nothing else.
  void on_commit(store::Transaction& transaction);
  // Closes its servers.
  awaitable<void> stop_listening();
  // Until nothing is in the middle of being done. Instances and networks stay.
  awaitable<void> stop();

  awaitable<Result<Observations>> observe(std::vector<api::Trial> trials) override;
  // From the namespace of the endpoint's interface.
  awaitable<Result<std::unique_ptr<io::Stream>>> dial(network::ConnectEndpointId endpoint, Address client,
                                                      Address address, std::uint16_t port) override;
  std::string complaint() const override;
  Address person() const override { return config_.settings.host; }
  std::optional<bool> agent_runs(InstanceId const& instance) override;
  awaitable<std::vector<api::Vitals>> look_at(std::vector<InstanceId> instances) override;
  Result<std::string> console_output(InstanceId const& instance) override;
  Result<api::Image> image() const override {
    TRY(auto image, config_.make_image());
    return api::Image{image.name, image.description, image.created};
  }

 private:
  using StatePointer = std::shared_ptr<networks::State const>;

  // Where a server of ours is wanted: in a namespace, for all or for what comes in by one link.
  struct Door {
    std::string space;
    Address address;
    std::uint16_t port;
    std::string device;
    std::optional<io::Via> via;                 // of AWS's services
    io::PlainHttpServer::Handler handler = {};  // of the others
  };
  using Doors = std::map<std::string, Door>;
  // What it stands on: gone with its namespace or link, it is opened again.
  struct Ground {
    std::uint64_t space = 0;
    unsigned link = 0;

    friend bool operator==(Ground const&, Ground const&) = default;
  };
  using Grounds = std::map<std::string, Ground>;
  struct Listener {
    Ground ground;
    std::unique_ptr<io::PlainHttpServer> plain;
    std::unique_ptr<io::HttpServer> secure;
  };

  awaitable<Result<void>> reconcile();
  void tell(std::string complaint);
  awaitable<Result<StatePointer>> read_state();
  awaitable<Result<void>> apply(networks::State const& state);
  bool has_its_place(networks::State const& state, network::Instance const& instance) const;

  Doors doors_of(networks::State const& state);
  static Grounds look_at_grounds(Doors const& doors);
  awaitable<Result<void>> listen(StatePointer state);
  Result<void> add_listener(std::string const& key, Ground const& ground, Door const& door);
  awaitable<void> drop_listeners(Grounds const& wanted);
  static awaitable<void> stop_all(std::vector<Listener>& listeners);
  awaitable<wire::HttpResponse> answer_metadata(InstanceId instance, wire::HttpRequest request);
  awaitable<void> try_all(StatePointer state, std::vector<api::Trial> const& trials, Observations& seen);
  Address outsider(Address const& address) const;
  std::optional<api::Observation> try_way(networks::State const& state, network::Path const& way) const;
  std::optional<api::Observation> try_name(network::Lookup const& lookup) const;

  LabParts parts_;
  LabConfig config_;
  lab::Kernel kernel_;
  std::optional<std::set<std::string>> failed_spaces_;  // in the last round; nothing: none could be made
  lab::Metadata metadata_;
  Machines machines_;
  lab::SourcePorts source_ports_;  // of tunnels that keep their client's address
  io::Worker worker_, probers_, dialers_;
  io::Signal changed_;
  StatePointer committed_;  // the database's thread's
  bool is_to_look_ = true;  // something changed since the last round began
  std::map<std::string, Listener> listeners_;
  std::map<InstanceId, Time> silent_since_;  // whose sshd did not answer when it was last asked
  mutable std::mutex complaint_mutex_;
  std::string complaint_;  // of the last round
};

// For as long as it is held, nobody else drives or removes the lab of that label. Error: conflict.
Result<io::FileLock> hold_lab(LabConfig const& config);

// Ends all instances and removes all of the lab from the machine. Error: conflict, while a server drives it.
Result<lab::Changes> tear_down_lab(LabConfig const& config);

}  // namespace fumidai::app
