#pragma once

// Makes what the store says of networks and instances real, and keeps it so: namespaces, links, rules,
// instances, and the servers that answer in them. It follows each change of the store, looks again every few
// seconds for what somebody took away, and reports what has come about. Instances outlive it, and are found
// again by the next.

#include <map>
#include <memory>
#include <set>

#include "api/lab.h"
#include "app/lab/lab_config.h"
#include "io/http_server.h"
#include "io/key_signer.h"
#include "io/plain_http.h"
#include "io/task_group.h"
#include "io/worker.h"
#include "lab/kernel.h"
#include "lab/metadata.h"
#include "networks/keeper.h"
#include "sessions/gate.h"
#include "store/database.h"

namespace fumidai::app {

// What of the server it works with; all of it outlives the driver.
struct LabParts {
  asio::any_io_executor executor;
  store::Database& database;
  networks::Keeper& networks;
  sessions::Gate& gate;
  io::HttpHandler& front;  // answers as AWS's services
  io::TlsContext tls;
  io::ServerLimits limits;
  std::string ca_pem;  // that instances trust
  io::KeySigner& signer;
};

class LabDriver : public api::Lab {
 public:
  LabDriver(LabParts parts, LabConfig config);

  // Before anything is changed: whether this machine can hold a lab. Errors say what to do.
  static Result<void> check_able(LabConfig const& config);

  // Until it is cancelled.
  awaitable<void> run();
  // On the database's thread, after a commit: follows changes of the networks, and of nothing else.
  void on_commit(store::Transaction& transaction);
  // Closes its servers. Instances and networks stay.
  awaitable<void> stop();

  awaitable<Result<std::vector<api::Observation>>> observe(std::vector<network::Path> ways) override;
  Address person() const override { return config_.settings.host; }
  Result<std::string> console_output(InstanceId const& instance) override;

 private:
  using StatePointer = std::shared_ptr<networks::State const>;

  // A server in a namespace, and what it stands on: gone with its namespace or link, it is made again.
  struct Listener {
    std::string space, device;
    std::unique_ptr<io::PlainHttpServer> plain;
    std::unique_ptr<io::HttpServer> secure;
  };

  awaitable<Result<void>> reconcile();
  awaitable<Result<StatePointer>> read_state();
  awaitable<Result<void>> apply(networks::State const& state);
  awaitable<Result<void>> end_instances(StatePointer state);
  awaitable<Result<void>> begin_instances(StatePointer state);
  awaitable<Result<void>> report(std::function<void(networks::State&)> what);
  Result<lab::InstanceSpec> specification(networks::State const& state, InstanceId const& id);
  lab::AgentProgram agent_of(networks::State const& state, InstanceId const& id) const;

  awaitable<void> listen(StatePointer state);
  Result<void> add_listener(std::string key, std::string space, Address address, std::uint16_t port,
                            std::string device, std::string via, io::PlainHttpServer::Handler handler);
  awaitable<void> drop_listeners(std::set<std::string> const& wanted, lab::Changes const& changes);
  awaitable<wire::HttpResponse> answer_metadata(InstanceId instance, wire::HttpRequest request);
  api::Observation try_way(networks::State const& state, network::Path const& way) const;

  LabParts parts_;
  LabConfig config_;
  lab::Kernel kernel_;
  lab::Metadata metadata_;
  std::vector<lab::Layer> layers_;
  io::Worker worker_, probers_;
  io::Signal changed_;
  StatePointer committed_;  // the database's thread's
  bool is_to_look_ = true;  // something changed since the last round began
  lab::Changes changes_;    // of the last round
  std::map<std::string, Listener> listeners_;
  std::string complaint_;  // the last that was told
};

// Ends all instances and removes all of the lab from the machine; for a lab that no server drives any more.
Result<lab::Changes> tear_down_lab(LabConfig const& config);

}  // namespace fumidai::app
