#include "networks/keeper.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/random.h"
#include "networks/described.h"

namespace fumidai::networks {

namespace {

constexpr char const* kStamp = "network_stamp";

template <class Value>
Result<bool> read_part(std::string_view kind, Table<Value>& table, store::Row const& row) {
  if (row.text(0) != kind) return false;
  boost::system::error_code error;
  auto parsed = json::parse(row.text(1), error);
  if (error) return record::broken("not JSON");
  TRY(auto value, from_record<Value>(parsed));
  table.put(std::move(value));
  return true;
}

Result<void> put(store::Transaction& transaction, std::string_view kind, std::string const& id,
                 std::string const& body) {
  CHECK(
      transaction.run("insert into network_parts (kind, id, body) values ($1, $2, $3)"
                      " on conflict (kind, id) do update set body = excluded.body",
                      kind, id, body));
  return success();
}

// Both are in the order of their ids.
template <class Value>
Result<bool> write_table(store::Transaction& transaction, std::string_view kind, Table<Value> const& before,
                         Table<Value> const& after) {
  bool differs = false;
  for (auto const& value : after) {
    auto* prior = before.find(value.id);
    if (prior && *prior == value) continue;
    CHECK(put(transaction, kind, value.id.text(), json::serialize(to_record(value))));
    differs = true;
  }
  for (auto const& value : before) {
    if (after.find(value.id)) continue;
    CHECK(transaction.run("delete from network_parts where kind = $1 and id = $2", kind, value.id));
    differs = true;
  }
  return differs;
}

}  // namespace

Result<std::string> Keeper::stamp(store::Transaction& transaction) {
  TRY(auto row, transaction.first("select value from settings where name = $1", kStamp));
  return row ? row->text(0) : std::string();
}

void Keeper::remember(std::string stamp, std::shared_ptr<State const> state) {
  std::lock_guard lock(mutex_);
  stamp_ = std::move(stamp);
  state_ = std::move(state);
}

Result<std::shared_ptr<State const>> Keeper::read(store::Transaction& transaction) {
  TRY(auto now, stamp(transaction));
  {
    std::lock_guard lock(mutex_);
    if (state_ && stamp_ == now) return state_;
  }
  TRY(auto state, load(transaction));
  remember(std::move(now), state);
  return state;
}

Result<std::shared_ptr<State const>> Keeper::load(store::Transaction& transaction) {
  TRY(auto rows, transaction.query("select kind, body from network_parts order by kind, id"));
  auto state = std::make_shared<State>();
  state->network.region = region_;
  for (auto const& row : rows) {
    Result<bool> taken = false;
    auto take = [&](std::string_view kind, auto& table) {
      if (taken && !*taken) taken = read_part(kind, table, row);
    };
    for_each_table(take, *state);
    if (!taken) return taken.error();
    if (!*taken) return record::broken("the kind '" + row.text(0) + "' is not known");
  }
  return std::shared_ptr<State const>(std::move(state));
}

Result<void> Keeper::write(store::Transaction& transaction, State const& before,
                           std::shared_ptr<State const> after) {
  Result<bool> differs = false;
  auto write_one = [&](std::string_view kind, auto const& prior, auto const& next) {
    if (!differs) return;
    auto changed = write_table(transaction, kind, prior, next);
    if (!changed || *changed) differs = std::move(changed);
  };
  for_each_table(write_one, before, *after);
  if (!differs) return differs.error();
  if (!*differs) return success();
  auto next = random_hex(16);
  CHECK(
      transaction.run("insert into settings (name, value) values ($1, $2)"
                      " on conflict (name) do update set value = excluded.value",
                      kStamp, next));
  remember(std::move(next), std::move(after));
  return success();
}

}  // namespace fumidai::networks
