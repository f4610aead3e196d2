#include "app/server.h"

#include <malloc.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "api/dispatcher.h"
#include "app/data_directory.h"
#include "app/front.h"
#include "app/lab/lab_driver.h"
#include "app/lab/signing.h"
#include "app/price_file.h"
#include "app/settler.h"
#include "app/systemd.h"
#include "app/version.h"
#include "audit/checkpoint_file.h"
#include "base/log.h"
#include "identity/builtin_policies.h"
#include "io/certificate.h"
#include "store/sqlite_database.h"

namespace fumidai::app {

using namespace std::chrono_literals;

namespace {

constexpr auto kHousekeeping = 10s;
constexpr std::chrono::days kRenewBefore{30};
constexpr std::uint64_t kCrowd = 256;

// Ten thousand agents are ten thousand descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct Certificates {
  std::string ca_pem;
  io::CertificateAndKey server;
};

Result<io::CertificateAndKey> own_certificate(store::Transaction& transaction,
                                              identity::Deployment const& deployment,
                                              io::CertificateAndKey const& ca,
                                              std::vector<std::string> const& names, Time now) {
  TRY(auto certificate, identity::find_sealed_key(transaction, deployment, "tls-server-certificate"));
  TRY(auto key, identity::find_sealed_key(transaction, deployment, "tls-server-key"));
  bool usable =
      certificate && key && io::certificate_covers(certificate->reveal(), names, now + kRenewBefore);
  if (usable) return io::CertificateAndKey{certificate->reveal(), *key};
  TRY(auto issued, io::issue_server_certificate(ca, names, now));
  CHECK(identity::put_sealed_key(transaction, deployment, "tls-server-certificate",
                                 Secret(issued.certificate_pem)));
  CHECK(identity::put_sealed_key(transaction, deployment, "tls-server-key", issued.key_pem));
  return issued;
}

Result<Certificates> find_certificates(store::Transaction& transaction,
                                       identity::Deployment const& deployment, ServerConfig const& config,
                                       Time now) {
  std::optional<io::CertificateAndKey> fresh_ca;
  TRY(auto ca_certificate, identity::find_sealed_key(transaction, deployment, "tls-ca-certificate"));
  TRY(auto ca_key, identity::find_sealed_key(transaction, deployment, "tls-ca-key"));
  if (!ca_certificate || !ca_key) {
    auto made = io::make_ca("Fumidai TLS authority " + deployment.id, now);
    ca_certificate = Secret(made.certificate_pem);
    ca_key = made.key_pem;
    CHECK(identity::put_sealed_key(transaction, deployment, "tls-ca-certificate", *ca_certificate));
    CHECK(identity::put_sealed_key(transaction, deployment, "tls-ca-key", *ca_key));
  }
  io::CertificateAndKey ca{ca_certificate->reveal(), *ca_key};
  if (config.tls_certificate.empty()) {
    TRY(auto server, own_certificate(transaction, deployment, ca, certificate_names(config), now));
    return Certificates{ca.certificate_pem, std::move(server)};
  }
  TRY(auto certificate, io::read_file(config.tls_certificate));
  TRY(auto key, io::read_file(config.tls_key));
  // Tools and agents trust ours beside whoever signed that one: what they were given stays good when it
  // changes.
  std::string signer;
  if (!config.tls_ca.empty()) {
    TRY(signer, io::read_file(config.tls_ca));
    if (!signer.ends_with('\n')) signer += '\n';
  }
  return Certificates{signer + ca.certificate_pem, {certificate, Secret(key)}};
}

// What is there before the loop runs: the store, the deployment, its administrator, its certificates.
struct Foundation {
  std::unique_ptr<store::Database> database;
  identity::Deployment deployment;
  Certificates certificates;
  network::PriceTable prices;
  std::unique_ptr<io::KeySigner> signer;  // with a lab
};

Result<Foundation> lay_foundation(ServerConfig const& config, DataDirectory const& directory,
                                  Clock const& clock) {
  TRY(auto secret, find_deployment_secret(directory, config.secret_file));
  Foundation foundation;
  TRY(foundation.prices, load_prices(directory.prices()));
  TRY(foundation.database, store::open_sqlite(directory.database()));
  std::optional<identity::NewAccessKey> administrator;
  auto now = clock.now();
  CHECK(foundation.database->write_now([&](store::Transaction& transaction) -> Result<void> {
    TRY(foundation.deployment, identity::load_deployment(transaction, secret, config.region, now));
    CHECK(identity::put_builtin_policies(transaction, now));
    TRY(administrator, identity::create_administrator(transaction, foundation.deployment, now));
    // Written before the transaction ends: a key that nobody ever saw would lock everyone out.
    if (administrator) {
      CHECK(write_credentials(directory, *administrator));
    }
    TRY(foundation.certificates, find_certificates(transaction, foundation.deployment, config, now));
    if (!config.lab) return success();
    TRY(auto authority, signer_authority(transaction, foundation.deployment, now));
    TRY(foundation.signer, io::KeySigner::make(authority, foundation.deployment.region.name));
    foundation.signer->papers(now);  // its key takes a moment, for which no request has to wait
    return success();
  }));
  return foundation;
}

class Server {
 public:
  Server(asio::io_context& loop, ServerConfig const& config, DataDirectory const& directory,
         Foundation& foundation, audit::CheckpointFile& checkpoints, io::TlsContext tls)
      : loop_(loop),
        config_(config),
        directory_(directory),
        database_(*foundation.database),
        deployment_(foundation.deployment),
        certificates_(foundation.certificates),
        trail_(deployment_.secret),
        checkpoints_(checkpoints),
        networks_(deployment_.region.name),
        settler_(loop.get_executor(), database_, networks_, clock_),
        gate_(database_, networks_, deployment_, trail_, clock_, config.session_limits),
        registry_(loop.get_executor(), database_, deployment_, gate_, config.patience),
        authenticator_(database_, deployment_, clock_),
        api_({gate_, registry_, networks_, foundation.prices, deployment_, clock_, checkpoints, worker_},
             authenticator_),
        tunnels_(gate_, networks_, registry_.carriers()),
        manager_(loop.get_executor(), authenticator_, gate_, registry_, tunnels_, deployment_.region.name),
        endpoint_(loop.get_executor(), authenticator_, gate_, registry_, tunnels_, deployment_.region.name),
        front_(api_, manager_, endpoint_),
        lab_(make_lab(tls, foundation.signer.get())),
        http_(loop.get_executor(), std::move(tls), front_, config.limits) {
    api_.plane().lab = lab_.get();
    api_.plane().tunnels = &tunnels_;
    endpoint_.set_dialer(lab_.get());
    tunnels_.set_has_dialer(lab_ != nullptr);
    tunnels_.set_limits(config.connect_limits());
    api_.plane().connect_limits = config.connect_limits();
    api_.plane().connect_domain = to_lower(config.connect_domain);
    database_.on_commit([this, &checkpoints](store::Transaction& transaction) {
      checkpoints.advance(transaction, trail_);
      settler_.on_commit(transaction);
      endpoint_.on_commit(transaction);
      if (lab_) lab_->on_commit(transaction);
    });
  }

  awaitable<void> run() {
    outcome = co_await serve();
    loop_.stop();
  }

  Result<void> outcome = success();

 private:
  awaitable<Result<void>> serve() {
    asio::signal_set signals(loop_, SIGTERM, SIGINT);
    auto ready = co_await get_ready();
    if (!ready) {
      co_await stop(0s);
      co_return ready.error();
    }
    co_await tell_of_lost_checkpoint();
    record(audit::PlaneStarted{kVersion, clock_.now()}.to_event());
    io::TaskGroup background(loop_.get_executor(), "background");
    background.spawn(keep_house());
    if (lab_) background.spawn(lab_->run());
    background.spawn(settler_.run());
    notify_systemd("READY=1");

    co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    notify_systemd("STOPPING=1");
    io::remove_file(directory_.endpoint());
    log_info("draining", {{"sessions", registry_.size()}, {"connections", http_.connections()}});
    front_.start_draining();
    background.cancel();
    co_await background.join();
    co_await stop(config_.drain);
    database_.retry_kept();
    gate_.flush_counts(Time::max());
    record(audit::PlaneStopped{clock_.now()}.to_event());
    co_return success();
  }

  std::unique_ptr<LabDriver> make_lab(io::TlsContext tls, io::KeySigner* signer) {
    if (!config_.lab) return nullptr;
    LabParts parts{
        loop_.get_executor(), database_, networks_, gate_, registry_, front_, std::move(tls), config_.limits,
        certificates_.ca_pem, *signer};
    return std::make_unique<LabDriver>(std::move(parts), lab_config(config_, directory_));
  }

  // A trail whose checkpoint is gone may have lost its end: that is in the trail from now on.
  awaitable<void> tell_of_lost_checkpoint() {
    if (!checkpoints_.was_missing()) co_return;
    std::function<Result<std::int64_t>(store::Transaction&)> look =
        [this](store::Transaction& transaction) -> Result<std::int64_t> {
      TRY(auto head, trail_.checkpoint(transaction));
      return head.seq;
    };
    auto events = co_await gate_.read(look);
    if (!events || *events == 0) co_return;  // the first start
    log_error("the checkpoint file of the audit trail is gone",
              {{"events", *events},
               {"next", "run `fumidai audit verify` with a copy of the checkpoint that you keep elsewhere"}});
    record(audit::CheckpointLost{clock_.now()}.to_event());
  }

  // Their domain may be another one than before.
  awaitable<void> rename_endpoints() {
    auto edit = [this](networks::State& state) -> Result<void> {
      networks::rename_connect_endpoints(state, api_.plane().connect_domain);
      return success();
    };
    auto change = [this, edit](store::Transaction& transaction) {
      return networks_.change(transaction, edit);
    };
    auto renamed = co_await database_.write(std::move(change));
    if (!renamed)
      log_error("connect endpoints may have names of another domain", {{"error", renamed.error().detail}});
  }

  // Listens, and tells the tools where.
  awaitable<Result<void>> get_ready() {
    CO_CHECK(co_await registry_.recover());
    co_await rename_endpoints();
    for (auto const& text : config_.listen) {
      CO_TRY(auto at, wire::parse_host_port(text));
      CO_CHECK(http_.listen(at));
    }
    CO_TRY(auto names, PublicNames::make(config_, http_.addresses()));
    CO_CHECK(listen_for_connect());
    auto url = names.url();
    front_.set_names(std::move(names));
    CO_CHECK(write_tool_files(directory_, deployment_.region.name, url, certificates_.ca_pem));
    CO_CHECK(io::write_file(directory_.endpoint(), url + "\n"));
    log_info("ready", {{"url", url},
                       {"data", directory_.root.string()},
                       {"account", deployment_.region.account},
                       {"version", kVersion}});
    co_return success();
  }

  // For the AWS CLI, whose tunnels go to port 443 of an endpoint's name unless HTTPS_PROXY says otherwise.
  Result<void> listen_for_connect() {
    if (config_.connect_proxy.empty()) return success();
    TRY(auto at, wire::parse_host_port(config_.connect_proxy));
    auto zone = "." + networks::connect_zone(deployment_.region.name, to_lower(config_.connect_domain));
    return http_.listen_for_connect(at, [zone](std::string const& host, std::uint16_t port) {
      return port == 443 && host.starts_with("eice-") && host.ends_with(zone);
    });
  }

  // Requests finish; channels are cut at the end of the patience, and their ends come back to the next
  // process.
  awaitable<void> stop(std::chrono::seconds patience) {
    if (lab_) co_await lab_->stop_listening();
    co_await http_.stop(patience);
    co_await manager_.stop();
    co_await endpoint_.stop();
    if (lab_) co_await lab_->stop();
    co_await registry_.stop();
  }

  void record(audit::Event event) {
    database_.write_soon([this, event = std::move(event)](store::Transaction& transaction) {
      return trail_.append(transaction, event);
    });
  }

  awaitable<void> keep_house() {
    std::uint64_t accepted = 0;
    for (auto renewed = clock_.now();;) {
      co_await io::sleep_for(kHousekeeping);
      gate_.flush_counts(clock_.now());
      database_.retry_kept();
      // Handshakes leave holes between what connections keep: after a crowd of them, half of the heap is air.
      if (http_.accepted() - accepted >= kCrowd) {
        ::malloc_trim(0);
        accepted = http_.accepted();
      }
      if (clock_.now() - renewed < std::chrono::hours(24)) continue;
      renewed = clock_.now();
      renew_certificate();
    }
  }

  // A server that runs for a year must not end with its certificate.
  void renew_certificate() {
    if (!config_.tls_certificate.empty()) return;
    std::optional<Certificates> fresh;
    auto found = database_.write_now([&](store::Transaction& transaction) -> Result<void> {
      TRY(fresh, find_certificates(transaction, deployment_, config_, clock_.now()));
      return success();
    });
    if (!found || fresh->server.certificate_pem == certificates_.server.certificate_pem) return;
    auto tls = io::TlsContext::server(fresh->server.certificate_pem, fresh->server.key_pem);
    if (!tls) return log_error("the new certificate cannot be used", {{"error", tls.error().detail}});
    certificates_ = std::move(*fresh);
    http_.set_certificate(std::move(*tls));
    log_info("the server certificate was renewed");
  }

  asio::io_context& loop_;
  ServerConfig const& config_;
  DataDirectory const& directory_;
  SystemClock clock_;
  store::Database& database_;
  identity::Deployment const& deployment_;
  Certificates certificates_;
  audit::Trail trail_;
  audit::CheckpointFile& checkpoints_;
  networks::Keeper networks_;
  Settler settler_;
  sessions::Gate gate_;
  sessions::Registry registry_;
  identity::Authenticator authenticator_;
  io::Worker worker_{"worker"};
  api::Dispatcher api_;
  sessions::Tunnels tunnels_;
  doors::manager::ManagerDoor manager_;
  doors::endpoint::EndpointDoor endpoint_;
  Front front_;
  std::unique_ptr<LabDriver> lab_;
  io::HttpServer http_;
};

Result<void> check_place(std::string const& text) {
  TRY(auto at, wire::parse_host_port(text));
  if (at.host.empty() || Address::parse(at.host)) return success();
  return Error{Errc::invalid, "'" + at.host + "' is not an address to listen on; write an IP address"};
}

// Before anything is made.
Result<void> check_config(ServerConfig const& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return Error{Errc::invalid, "tls_certificate and tls_key belong together: give both or none"};
  for (auto const& text : config.listen) CHECK(check_place(text));
  if (!config.connect_proxy.empty()) CHECK(check_place(config.connect_proxy));
  return check_names(config);
}

Result<LogLevel> log_level(ServerConfig const& config) {
  LogLevel level;
  if (parse_log_level(config.log_level, level)) return level;
  return Error{Errc::invalid, "the log level is one of error, warn, info, debug"};
}

}  // namespace

Result<void> run_server(ServerConfig config) {
  if (config.listen.empty()) config.listen = {"127.0.0.1:8443"};
  CHECK(check_config(config));
  TRY(auto level, log_level(config));
  set_log_level(level);
  std::optional<io::FileLock> lab_held;
  if (config.lab) {
    DataDirectory directory{std::filesystem::absolute(config.data_directory).lexically_normal()};
    auto lab = lab_config(config, directory);
    CHECK(LabDriver::check_able(lab));
    TRY(auto held, hold_lab(lab));
    lab_held.emplace(std::move(held));
    CHECK(io::write_file(lab.label_file(), lab.settings.label, 0600));
  }
  raise_descriptor_limit();

  DataDirectory directory{std::filesystem::absolute(config.data_directory).lexically_normal()};
  CHECK(io::make_directory(directory.root, 0700));
  auto lock = io::FileLock::take(directory.lock());
  if (!lock && lock.error().code != Errc::conflict) return lock.error();
  if (!lock)
    return Error{lock.error().code, "another server uses " + directory.root.string() +
                                        "; stop it, or choose another --data-dir"};
  io::remove_file(directory.endpoint());  // left behind by one that was killed

  SystemClock clock;
  TRY(auto foundation, lay_foundation(config, directory, clock));
  TRY(auto checkpoints,
      audit::CheckpointFile::open(directory.checkpoint(), audit::Trail(foundation.deployment.secret)));
  TRY(auto tls, io::TlsContext::server(foundation.certificates.server.certificate_pem,
                                       foundation.certificates.server.key_pem));

  asio::io_context loop(1);
  Server server(loop, config, directory, foundation, *checkpoints, std::move(tls));
  std::exception_ptr failure;
  asio::co_spawn(loop, server.run(), [&failure](std::exception_ptr thrown) { failure = thrown; });
  loop.run();
  // The store finishes what was submitted before its users go.
  foundation.database.reset();
  if (failure) std::rethrow_exception(failure);
  return server.outcome;
}

}  // namespace fumidai::app
