#include "inventory/instances.h"

#include "base/bytes.h"
#include "base/random.h"

namespace fumidai::inventory {

namespace {

// Agents report every five minutes; two missed reports are a lost connection.
constexpr std::chrono::minutes kPingPeriod{5};

#define FUMIDAI_INSTANCE_COLUMNS                                                                           \
  "id, activation_id, iam_role, name, public_key, fingerprint, registered_at, agent_name, agent_version, " \
  "platform_type,"                                                                                         \
  " platform_name, platform_version, ip_address, computer_name, last_ping_at, connected_at, disconnected_at"

Instance read_instance(store::Row const& row) {
  Instance instance;
  instance.id = InstanceId(row.text(0));
  instance.activation_id = row.text(1);
  instance.iam_role = row.text(2);
  instance.name = row.text(3);
  instance.public_key = row.text(4);
  instance.fingerprint = row.text(5);
  instance.registered_at = row.time(6);
  instance.agent_name = row.text(7);
  instance.agent_version = row.text(8);
  instance.platform_type = row.text(9);
  instance.platform_name = row.text(10);
  instance.platform_version = row.text(11);
  instance.ip_address = row.text(12);
  instance.computer_name = row.text(13);
  instance.last_ping_at = row.maybe_time(14);
  instance.connected_at = row.maybe_time(15);
  instance.disconnected_at = row.maybe_time(16);
  return instance;
}

Error unknown_instance(InstanceId const& id) {
  return {Errc::not_found,
          "Instance " + escaped(id.text(), 64) +
              " is not registered here; `describe-instance-information` lists those that are.",
          "InvalidInstanceId"};
}

Result<void> expect_one(Result<std::int64_t> const& changed, InstanceId const& id) {
  if (!changed) return changed.error();
  if (*changed == 0) return unknown_instance(id);
  return success();
}

}  // namespace

std::string_view Instance::ping_status(Time now) const {
  // What it reported before its control channel ended says nothing of now.
  bool has_reported = last_ping_at && (!disconnected_at || *last_ping_at > *disconnected_at);
  bool is_recent = has_reported && now - *last_ping_at < 2 * kPingPeriod + std::chrono::minutes(1);
  return is_connected() || is_recent ? "Online" : "ConnectionLost";
}

InstanceId random_managed_instance_id() {
  return InstanceId("mi-" + random_hex(17));
}

Result<void> add_instance(store::Transaction& transaction, Instance const& instance) {
  CHECK(transaction.run(
      "insert into instances (" FUMIDAI_INSTANCE_COLUMNS
      ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      instance.id, instance.activation_id, instance.iam_role, instance.name, instance.public_key,
      instance.fingerprint, instance.registered_at, instance.agent_name, instance.agent_version,
      instance.platform_type, instance.platform_name, instance.platform_version, instance.ip_address,
      instance.computer_name, instance.last_ping_at, instance.connected_at, instance.disconnected_at));
  return success();
}

Result<Instance> find_instance(store::Transaction& transaction, InstanceId const& id) {
  TRY(auto row, transaction.first("select " FUMIDAI_INSTANCE_COLUMNS " from instances where id = $1", id));
  if (!row) return unknown_instance(id);
  return read_instance(*row);
}

Result<std::vector<Instance>> list_instances(store::Transaction& transaction) {
  TRY(auto rows, transaction.query("select " FUMIDAI_INSTANCE_COLUMNS " from instances order by id"));
  std::vector<Instance> instances;
  for (auto const& row : rows) instances.push_back(read_instance(row));
  return instances;
}

Result<void> remove_instance(store::Transaction& transaction, InstanceId const& id) {
  CHECK(transaction.run(
      "delete from resource_tags where resource_type = 'ManagedInstance' and resource_id = $1", id));
  return expect_one(transaction.run("delete from instances where id = $1", id), id);
}

Result<void> report_instance(store::Transaction& transaction, InstanceId const& id,
                             InstanceReport const& report, Time now) {
  return expect_one(
      transaction.run(
          "update instances set agent_name = coalesce($2, agent_name), agent_version = coalesce($3, "
          "agent_version),"
          " platform_type = coalesce($4, platform_type), platform_name = coalesce($5, platform_name),"
          " platform_version = coalesce($6, platform_version), ip_address = coalesce($7, ip_address),"
          " computer_name = coalesce($8, computer_name), last_ping_at = $9 where id = $1",
          id, report.agent_name, report.agent_version, report.platform_type, report.platform_name,
          report.platform_version, report.ip_address, report.computer_name, now),
      id);
}

Result<void> replace_public_key(store::Transaction& transaction, InstanceId const& id,
                                std::string const& public_key) {
  return expect_one(transaction.run("update instances set public_key = $2 where id = $1", id, public_key),
                    id);
}

Result<void> mark_connected(store::Transaction& transaction, InstanceId const& id,
                            std::string const& agent_version, Time now) {
  return expect_one(
      transaction.run(
          "update instances set connected_at = $2, last_ping_at = $2, agent_version = $3 where id = $1", id,
          now, agent_version),
      id);
}

Result<void> mark_disconnected(store::Transaction& transaction, InstanceId const& id, Time now) {
  // It may have been deregistered in the meantime, which is no fault.
  CHECK(transaction.run(
      "update instances set connected_at = null, disconnected_at = $2, last_ping_at = $2 where id = $1", id,
      now));
  return success();
}

Result<void> mark_all_disconnected(store::Transaction& transaction, Time now) {
  CHECK(transaction.run(
      "update instances set connected_at = null, disconnected_at = $1 where connected_at is not null", now));
  return success();
}

Result<std::vector<Instance>> match_instances(store::Transaction& transaction, std::string const& text) {
  auto equals = text.find('=');
  auto key = text.substr(0, equals), value = equals == text.npos ? std::string() : text.substr(equals + 1);
  TRY(auto rows, transaction.query("select " FUMIDAI_INSTANCE_COLUMNS
                                   " from instances where id = $1 or name = $1 or id in"
                                   " (select resource_id from resource_tags where resource_type = "
                                   "'ManagedInstance' and key = $2 and value = $3)"
                                   " order by id limit $4",
                                   text, key, value, kMostMatched));
  std::vector<Instance> instances;
  for (auto const& row : rows) instances.push_back(read_instance(row));
  return instances;
}

std::string absence_in_words(Instance const& instance, Time now) {
  std::string text = instance.id.text() + " is not connected.";
  auto ago = [&](Time moment) { return to_iso_seconds(moment) + " (" + in_words(now - moment) + " ago)"; };
  if (instance.disconnected_at) {
    text += " Its agent was last connected at " + ago(*instance.disconnected_at) + ".";
  } else {
    text += " Its agent registered at " + ago(instance.registered_at) + " and has never connected.";
  }
  return text +
         " Check that the agent runs on the host and can reach this address (systemctl status "
         "fumidai-agent).";
}

}  // namespace fumidai::inventory
