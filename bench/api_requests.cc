// How many requests does the plane answer in a second? Signed with SigV4, decided by the caller's policy,
// over TLS connections that are kept, with 50 instances in the store. The client is this process, on one
// core.
//   build/release/api_requests [SECONDS]

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "bench_caller.h"
#include "bench_plane.h"
#include "io/task_group.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/keeper.h"
#include "networks/vpcs.h"
#include "store/sqlite_database.h"
#include "wire/url.h"
#include "wire/xml_shape.h"

namespace fumidai::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kInstances = 50;

// As a lab's: the server that is measured has none, since it needs no root.
Result<void> add_instances(networks::State& state) {
  using namespace networks;
  auto now = SystemClock().now();
  TRY(auto vpc, create_vpc(state, "10.0.0.0/16"));
  TRY(auto subnet, create_subnet(state, {vpc.text(), "10.0.0.0/24", {}}));
  NewInstances wanted;
  wanted.image = std::string(images().front().id);
  wanted.subnet = subnet.text();
  wanted.least = wanted.most = kInstances;
  TRY(auto ids, run_instances(state, wanted, now));
  for (auto const& id : ids) started(state, id, now);
  return success();
}

void make_instances(BenchPlane& plane) {
  networks::Keeper keeper(plane.client().profile().region);
  auto write = [&](store::Transaction& transaction) { return keeper.change(transaction, add_instances); };
  auto database = store::open_sqlite(plane.database());
  if (!database) fail(database.error().detail);
  if (auto made = (*database)->write_now(write); !made) fail(made.error().detail);
  database->reset();
  plane.restart();
}

// Ten statements, of which the last one allows: each request looks at all of them.
std::string policy() {
  std::string statements;
  for (int i = 0; i < 9; i++)
    statements += R"({"Effect": "Allow", "Action": ["s3:Get*", "ssm:StartSession"], "Resource": "*",
                      "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "t)" +
                  std::to_string(i) + R"("}}},)";
  statements += R"({"Effect": "Allow", "Action": ["ec2:Describe*", "ssm:Describe*"], "Resource": "*"})";
  return R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}";
}

awaitable<wire::Credentials> make_user(Caller& administrator) {
  co_await administrator.ask(iam("CreateUser", "&UserName=reader"));
  auto document = "&UserName=reader&PolicyName=reading&PolicyDocument=" + wire::percent_encode(policy());
  co_await administrator.ask(iam("PutUserPolicy", document));
  auto key = co_await administrator.ask(iam("CreateAccessKey", "&UserName=reader"));
  co_return wire::Credentials{wire::xml_element(key, "AccessKeyId"),
                              Secret(wire::xml_element(key, "SecretAccessKey")), ""};
}

awaitable<void> keep_asking(Caller& caller, Question const& question, io::SteadyTime end,
                            std::vector<double>& took) {
  for (auto begun = io::SteadyClock::now(); begun < end;) {
    co_await caller.ask(question);
    auto now = io::SteadyClock::now();
    took.push_back(std::chrono::duration<double, std::milli>(now - begun).count());
    begun = now;
  }
}

awaitable<void> measure(BenchPlane const& plane, wire::Credentials user, Question question, int connections,
                        std::chrono::seconds length) {
  auto executor = co_await asio::this_coro::executor;
  auto profile = plane.client().profile();
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < connections; i++) callers.push_back(std::make_unique<Caller>(profile, user));
  for (auto& caller : callers) co_await caller->ask(question);  // connects
  std::vector<double> took;
  io::TaskGroup tasks(executor, "callers");
  auto cpu = cpu_seconds_of(plane.server());
  auto begun = io::SteadyClock::now();
  for (auto& caller : callers) tasks.spawn(keep_asking(*caller, question, begun + length, took));
  co_await tasks.join();
  auto seconds = std::chrono::duration<double>(io::SteadyClock::now() - begun).count();
  cpu = cpu_seconds_of(plane.server()) - cpu;
  auto count = static_cast<double>(took.size());
  std::printf(
      "  %-18s %3d connections: %7.0f a second, p50 %6.2f ms, p99 %6.2f ms; the server's own %.3f ms each\n",
      question.name.c_str(), connections, count / seconds, quantile(took, 0.5), quantile(took, 0.99),
      cpu / count * 1000);
}

awaitable<void> measure_all(BenchPlane const& plane, std::chrono::seconds length) {
  auto profile = plane.client().profile();
  Caller administrator(profile, profile.credentials);
  auto user = co_await make_user(administrator);
  std::vector<Question> questions;
  questions.push_back(ssm("DescribeSessions", R"({"State": "History"})"));
  questions.push_back(ec2("DescribeVpcs"));
  questions.push_back(ec2("DescribeInstances"));
  for (auto const& question : questions)
    for (int connections : {1, 16}) co_await measure(plane, user, question, connections, length);
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  std::chrono::seconds length(argc > 1 ? std::atoi(argv[1]) : 5);
  BenchPlane plane;
  make_instances(plane);
  std::printf(
      "api_requests, SigV4 and a policy of ten statements, TLS kept alive, %d instances in the store:\n",
      kInstances);
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, measure_all(plane, length), [&](std::exception_ptr) { loop.stop(); });
  loop.run();
}
