#include "agent/control.h"

#include <linux/rtnetlink.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <set>

#include "agent/platform.h"
#include "agent/session_programs.h"
#include "base/log.h"
#include "base/random.h"
#include "io/idle_memory.h"
#include "io/process.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
namespace message_type = wire::message_type;

namespace {

// A lost plane is looked for again at once, then ever less often, but never less than every five seconds; the
// jitter keeps ten thousand agents from coming in one moment.
constexpr std::chrono::milliseconds kFirstDelay = 200ms, kMostDelay = 5s;
// Another host has our identity. Coming back at once would only take the channel from each other for ever.
constexpr std::chrono::milliseconds kRivalDelay = 60s;
constexpr auto kOfUse = 5s;
constexpr auto kPing = 54s;
constexpr auto kPongWithin = 60s;
constexpr auto kReport = 5min;
constexpr auto kRepeatCompletion = 2s;
constexpr auto kLastWords = 5s;
constexpr std::size_t kMostControlMessage = 256 * 1024, kMostNotice = 400, kMostSaid = 128 * 1024;
constexpr std::size_t kMostJobs = 1000, kMostTunnels = 10'000, kMostOwnTunnels = 400,
                      kMostCompletions = 16'384;
std::chrono::milliseconds jittered(std::chrono::milliseconds delay) {
  auto half = static_cast<std::uint64_t>(delay.count() / 2);
  return delay / 2 + std::chrono::milliseconds(random_below(half + 1));
}

}  // namespace

Agent::Agent(asio::any_io_executor executor, PlaneClient plane, AgentOptions options)
    : executor_(executor),
      plane_(std::move(plane)),
      options_(std::move(options)),
      process_(random_hex(12)),
      jobs_tasks_(executor, "sessions"),
      completed_(executor) {}

awaitable<void> Agent::run() {
  auto delay = kFirstDelay;
  for (;;) {
    was_connected_ = false;
    auto begun = io::SteadyClock::now();
    auto ended = co_await connect_and_serve();
    plane_.disconnect();
    // A plane that ends each channel at once is asked ever less often, as one that is not there.
    if (was_connected_ && io::SteadyClock::now() - begun > kOfUse) delay = kFirstDelay;
    bool has_rival = !ended && ended.error().code == Errc::conflict;
    auto wait = jittered(has_rival ? kRivalDelay : delay);
    if (has_rival)
      log_error(
          "another agent connected with this host's identity; is this host, or that one, a copy of the "
          "other? Register the copy anew with --force",
          {{"instance", plane_.identity().instance_id}});
    log_warn(was_connected_ ? "control channel lost" : "cannot connect",
             {{"plane", plane_.identity().url},
              {"why", ended ? "" : ended.error().detail},
              {"retry_ms", wait.count()}});
    co_await io::sleep_for(wait);
    delay = std::min<std::chrono::milliseconds>(delay * 2, kMostDelay);
  }
}

awaitable<Result<void>> Agent::connect_and_serve() {
  using namespace asio::experimental::awaitable_operators;
  CO_CHECK(co_await plane_.report());
  auto const& id = plane_.identity().instance_id;
  Secret token;
  CO_TRY(auto opened,
         co_await plane_.open_channel("/v1/control-channel/" + id, "?role=subscribe&stream=input",
                                      kMostControlMessage, token));
  std::shared_ptr<io::WebSocket> channel = std::move(opened);
  wire::OpenControlChannel open;
  open.request_id = Uuid::random().text();
  open.token_value = token;
  open.agent_version = kAgentVersion;
  open.platform_type = "linux";
  open.process = process_;
  if (!options_.endpoint.empty() && !is_draining_) open.serves_endpoint = options_.endpoint;
  auto text = wire::to_json_text(open);
  CO_CHECK(co_await channel->write(wire::Opcode::text, as_bytes(text)));
  was_connected_ = true;
  channel_ = channel;
  if (auto message = host_sessions()) CO_CHECK(co_await channel->write(wire::Opcode::binary, *message));
  if (is_draining_) {  // since before we said that we serve, perhaps
    auto message = wire::make_message(message_type::drain, "{}", SystemClock().now());
    CO_CHECK(co_await channel->write(wire::Opcode::binary, message));
  }
  log_info("connected", {{"plane", plane_.identity().url}, {"instance", id}});
  io::give_back_idle_memory();  // what the handshakes needed is not needed again for weeks
  auto first = co_await (read_orders(*channel) || keep_alive(*channel) || watch_network(*channel) ||
                         deliver_completions(*channel));
  channel_.reset();
  channel->close_now();
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return Error{Errc::closed, "the plane does not answer"};
}

// Nothing where that cannot be said in a message that the plane takes: then it waits for each.
std::optional<Bytes> Agent::host_sessions() const {
  auto programs = sessions_with_a_process(plane_.identity().instance_id);
  if (!programs) return std::nullopt;
  std::set<std::string> all(programs->begin(), programs->end());
  for (auto const& [session, pid] : jobs_) all.insert(session);
  auto text = wire::to_json_text(wire::HostSessions{{all.begin(), all.end()}});
  if (text.size() > kMostSaid) return std::nullopt;
  return wire::make_message(message_type::host_sessions, text, SystemClock().now());
}

awaitable<Result<void>> Agent::read_orders(io::WebSocket& channel) {
  for (;;) {
    CO_TRY(auto message, co_await channel.read());
    auto verdict = on_message(message.payload);
    if (!verdict) log_warn("control message not understood", {{"why", verdict.error().detail}});
  }
}

// Pings, reports, and returns when the plane is silent. The only reason to wake while nothing happens.
awaitable<void> Agent::keep_alive(io::WebSocket& channel) {
  for (auto reported = io::SteadyClock::now();;) {
    co_await io::sleep_for(kPing);
    if (io::SteadyClock::now() - channel.last_heard() > kPing + kPongWithin) co_return;
    auto sent = co_await channel.ping("keepalive");
    if (!sent) co_return;
    if (io::SteadyClock::now() - reported < kReport) continue;
    reported = io::SteadyClock::now();
    auto told = co_await plane_.report();
    plane_.disconnect();
    if (!told) log_warn("report refused", {{"why", told.error().detail}});
  }
}

// After a change of addresses or routes the old connection may lead nowhere: ask, instead of waiting to find
// out.
awaitable<void> Agent::watch_network(io::WebSocket& channel) {
  asio::posix::stream_descriptor events(executor_);
  int descriptor = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
  bool watching =
      descriptor >= 0 && ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (descriptor >= 0) events.assign(descriptor);
  for (;;) {
    if (!watching) co_await io::sleep_for(24h);
    auto [error] =
        co_await events.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple(use_awaitable));
    if (error) co_return;
    // Changes come in swarms; one question after them is enough.
    co_await io::sleep_for(500ms);
    char swarm[8192];
    while (::recv(descriptor, swarm, sizeof swarm, 0) > 0) continue;
    auto asked = io::SteadyClock::now();
    auto sent = co_await channel.ping("network changed");
    if (!sent) co_return;
    co_await io::sleep_for(3s);
    if (channel.last_heard() < asked) co_return;
  }
}

Result<void> Agent::on_message(ByteView bytes) {
  TRY(auto message, wire::AgentMessage::parse(bytes));
  if (message.type == message_type::interactive_shell) {
    TRY(auto order, wire::from_json_text<wire::InteractiveShell>(as_text(message.payload)));
    start_session(order.content);
  } else if (message.type == message_type::channel_closed) {
    TRY(auto closed, wire::from_json_text<wire::ChannelClosed>(as_text(message.payload)));
    end_session(closed.session_id);
  } else if (message.type == message_type::session_notice) {
    TRY(auto notice, wire::from_json_text<wire::SessionNotice>(as_text(message.payload)));
    log_error("the plane says", {{"what", escaped(notice.text, kMostNotice)}});
  } else if (message.type == message_type::agent_task_acknowledge) {
    TRY(auto ack, wire::from_json_text<wire::AgentTaskAcknowledge>(as_text(message.payload)));
    std::erase_if(completions_,
                  [&](auto const& completion) { return completion.what.task_id == ack.task_id; });
  }
  return success();
}

void Agent::start_session(std::string const& content) {
  auto parsed = wire::from_json_text<wire::InteractiveShellContent>(content);
  if (!parsed || parsed->session_id.empty()) return log_warn("an order without a session");
  auto const& id = parsed->session_id;
  if (jobs_.contains(id) || tunnels_.contains(id)) return;  // told twice
  if (auto const* type = parsed->document_content.if_contains("sessionType"); type && *type == "Port") {
    auto started = start_tunnel(id, *parsed);
    if (!started) complete(id, {"Failed", started.error().detail});
    return;
  }
  if (jobs_.size() >= kMostJobs) return complete(id, {"Failed", "This host serves 1000 sessions already."});

  io::Spawn spawn;
  spawn.program = options_.session_program.string();
  spawn.arguments = {kSessionProgram, id, plane_.identity().instance_id};
  for (auto** variable = environ; *variable != nullptr; variable++) spawn.environment.emplace_back(*variable);
  spawn.directory = "/";
  auto child = io::spawn_with_pipes(spawn);
  if (!child)
    return complete(id, {"Failed", "The agent cannot serve sessions: " + child.error().detail + "."});
  ::close(child->error);
  jobs_[id] = child->pid;
  jobs_tasks_.spawn(follow(id, child->output, child->pid));

  SessionJob job;
  job.state_directory = options_.state_directory.string();
  job.content = content;
  auto send = [](Agent& self, SessionJob work, int input) -> awaitable<void> {
    auto role = co_await self.plane_.fresh_credentials();
    asio::posix::stream_descriptor pipe(self.executor_, input);
    if (!role) co_return;  // the process ends without its job, and says so
    work.access_key_id = role->credentials.access_key_id;
    work.secret_access_key = role->credentials.secret_access_key;
    work.session_token = role->credentials.session_token;
    work.issued_at = role->issued_at;
    work.expires_at = role->expires_at;
    auto text = wire::to_json_text(work);
    co_await asio::async_write(pipe, asio::buffer(text), as_tuple(use_awaitable));
  };
  jobs_tasks_.spawn(send(*this, std::move(job), child->input));
  log_info("session started", {{"session", id}, {"pid", static_cast<std::int64_t>(child->pid)}});
}

Result<void> Agent::start_tunnel(std::string const& id, wire::InteractiveShellContent const& content) {
  auto most = options_.endpoint.empty() ? kMostOwnTunnels : kMostTunnels;
  if (tunnels_.size() >= most)
    return Error{Errc::unavailable, "This host carries " + std::to_string(most) + " tunnels already."};
  TRY(auto order, parse_order(content));
  auto to = std::move(order.destination);
  // The plane decides whom a tunnel may reach. This is what no plane may ask of us.
  bool is_this_host = to.host == "localhost" || is_own_address(to.host);
  if (!is_this_host && options_.endpoint.empty())
    return Error{Errc::denied,
                 "The agent on this host serves no connect endpoint, and dials this host only."};
  if (!is_this_host && !is_network_host(to.host))
    return Error{Errc::denied, escaped(to.host, 64) + " is not the address of another host."};
  if (to.host == "localhost") to.host = "127.0.0.1";
  tunnels_[id] = nullptr;
  jobs_tasks_.spawn(carry(id, std::move(to)));
  return success();
}

awaitable<void> Agent::carry(std::string id, SessionOrder::Destination to) {
  // Also when the worker fails in a way that nobody thought of.
  struct Known {
    std::map<std::string, TunnelWorker*>& tunnels;
    std::string const& id;
    ~Known() { tunnels.erase(id); }
  };
  SessionResult result;
  {
    Known known{tunnels_, id};
    TunnelWorker worker(executor_, plane_.another(kSessionKeepAlive), id, to);
    tunnels_[id] = &worker;
    result = co_await worker.run();
    complete(id, result);
    co_await worker.linger();
  }
  if (tunnels_.empty()) io::give_back_idle_memory();
  log_info("tunnel ended", {{"session", id},
                            {"to", to.host + " port " + std::to_string(to.port)},
                            {"status", result.status},
                            {"why", result.output}});
}

awaitable<void> Agent::drain() {
  is_draining_ = true;
  log_info("draining", {{"tunnels", tunnels_.size()}});
  auto message = wire::make_message(message_type::drain, "{}", SystemClock().now());
  if (auto channel = channel_) co_await channel->write(wire::Opcode::binary, message);
  while (!tunnels_.empty()) co_await io::sleep_for(50ms);
  auto deadline = io::SteadyClock::now() + kLastWords;
  while (!completions_.empty() && io::SteadyClock::now() < deadline) co_await io::sleep_for(50ms);
}

void Agent::end_session(std::string const& id) {
  if (auto tunnel = tunnels_.find(id); tunnel != tunnels_.end() && tunnel->second) tunnel->second->stop();
  auto job = jobs_.find(id);
  if (job != jobs_.end()) ::kill(job->second, SIGTERM);
}

namespace {

struct Report {
  pid_t process = 0;
  std::optional<SessionResult> result;
};

Report read_report(std::string_view text) {
  Report report;
  for (auto line : split(text, '\n')) {
    auto start = wire::from_json_text<SessionStart>(line);
    if (!start) continue;
    if (start->process_id > 1) {
      report.process = static_cast<pid_t>(start->process_id);
    } else if (auto result = wire::from_json_text<SessionResult>(line)) {
      report.result = *result;
    }
  }
  return report;
}

}  // namespace

// Waits for the result that a session's program writes before it ends.
awaitable<void> Agent::follow(std::string id, int output, pid_t pid) {
  asio::posix::stream_descriptor pipe(executor_, output);
  std::string text;
  char chunk[1024];
  for (;;) {
    auto [error, count] = co_await pipe.async_read_some(asio::buffer(chunk), as_tuple(use_awaitable));
    if (error) break;
    if (text.size() < 16 * 1024) text.append(chunk, count);
  }
  int status = 0;
  // The pipe closes when the process ends; only the last moment of that is waited for here.
  while (::waitpid(pid, &status, WNOHANG) == 0) co_await io::sleep_for(5ms);
  jobs_.erase(id);
  auto report = read_report(text);
  auto& result = report.result;
  if (!result) {
    // What the session ran had a hang-up from the kernel; those that it had started did not.
    if (report.process > 0) ::kill(-report.process, SIGKILL);
    result = SessionResult{"Failed", "The process of the session ended without a word (exit code " +
                                         std::to_string(io::exit_code_of(status)) + ")."};
  }
  complete(id, *result);
  if (jobs_.empty()) io::give_back_idle_memory();
  log_info("session ended", {{"session", id}, {"status", result->status}});
}

void Agent::complete(std::string const& session, SessionResult result) {
  wire::AgentTaskComplete completion;
  completion.task_id = session;
  completion.final_task_status = result.status;
  completion.instance_id = plane_.identity().instance_id;
  completion.output = result.output;
  if (completions_.size() >= kMostCompletions) completions_.pop_front();
  completions_.push_back({std::move(completion), Uuid::random()});
  completed_.notify();
}

// Says each result again until the plane has acknowledged it, over this connection or a later one.
awaitable<void> Agent::deliver_completions(io::WebSocket& channel) {
  for (;;) {
    std::vector<Bytes> messages;
    for (auto& completion : completions_) {
      auto payload = wire::to_json_text(completion.what);
      wire::AgentMessage message;
      message.type = message_type::agent_task_complete;
      message.created_ms = static_cast<std::uint64_t>(to_millis(SystemClock().now()));
      message.id = completion.message_id;
      message.payload = as_bytes(payload);
      messages.push_back(message.encode());
      completion.what.retry_number++;
    }
    if (!messages.empty()) {
      std::vector<ByteView> views(messages.begin(), messages.end());
      auto sent = co_await channel.write_all(wire::Opcode::binary, views);
      if (!sent) co_return;
    }
    auto again = completions_.empty() ? io::SteadyTime::max() : io::SteadyClock::now() + kRepeatCompletion;
    co_await completed_.wait_until(again);
  }
}

}  // namespace fumidai::agent
