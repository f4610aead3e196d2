#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "io/task_group.h"
#include "io/test_loop.h"
#include "store/migrations.h"
#include "store/sqlite_database.h"

namespace fumidai::store {
namespace {

using namespace std::chrono_literals;

// A directory of its own for each test, gone afterwards.
class Store : public testing::Test {
 protected:
  Store() : directory(std::filesystem::temp_directory_path() / ("fumidai-store-" + random_hex(12))) {
    std::filesystem::create_directory(directory);
  }
  ~Store() override { std::filesystem::remove_all(directory); }

  std::unique_ptr<Database> open(Access access = Access::read_write) {
    auto database = open_sqlite(directory / "test.db", access);
    EXPECT_TRUE(database) << (database ? "" : database.error().detail);
    return std::move(*database);
  }
  static Result<void> set(Transaction& transaction, std::string const& name, std::string const& value) {
    CHECK(transaction.run("insert into settings (name, value) values ($1, $2)", name, value));
    return success();
  }
  static std::int64_t count(Database& database) {
    std::int64_t number = -1;
    EXPECT_TRUE(database.read_now([&](Transaction& transaction) -> Result<void> {
      TRY(auto row, transaction.first("select count(*) from settings"));
      number = row->integer(0);
      return success();
    }));
    return number;
  }

  std::filesystem::path directory;
};

TEST_F(Store, keeps_what_was_written_and_nothing_of_what_failed) {
  {
    auto database = open();
    EXPECT_TRUE(database->write_now([](Transaction& transaction) { return set(transaction, "a", "1"); }));
    auto half = database->write_now([](Transaction& transaction) -> Result<void> {
      CHECK(set(transaction, "b", "2"));
      return Error{Errc::denied, "changed my mind"};
    });
    EXPECT_EQ(half.error().code, Errc::denied);
    auto twice = database->write_now([](Transaction& transaction) { return set(transaction, "a", "again"); });
    EXPECT_EQ(twice.error().code, Errc::conflict);
  }
  EXPECT_EQ(count(*open()), 1);
}

TEST_F(Store, parameters_are_values_whatever_they_contain) {
  auto database = open();
  std::string nasty("'; drop table settings; --\0\xe8\xb8\x8f", 31);
  EXPECT_TRUE(database->write_now([&](Transaction& transaction) { return set(transaction, "n", nasty); }));
  EXPECT_TRUE(database->read_now([&](Transaction& transaction) -> Result<void> {
    TRY(auto row, transaction.first("select value, $2 from settings where name = $1", "n", nullptr));
    EXPECT_EQ(row->text(0), nasty);
    EXPECT_FALSE(row->maybe_text(1));
    return success();
  }));
}

TEST_F(Store, many_coroutines_share_commits_and_each_learns_its_own_outcome) {
  io::run_on_loop([this](auto executor) -> awaitable<void> {
    auto database = open();
    io::TaskGroup group(executor, "test");
    int kept = 0, refused = 0;
    auto writer = [](Database& to, int number, int& good, int& bad) -> awaitable<void> {
      auto name = std::to_string(number / 2);  // each name twice: one of the two must lose
      auto change = [name](Transaction& transaction) { return set(transaction, name, "x"); };
      auto outcome = co_await to.write(std::move(change));
      (outcome ? good : bad)++;
    };
    for (int i = 0; i < 2000; i++) group.spawn(writer(*database, i, kept, refused));
    co_await group.join();
    EXPECT_EQ(kept, 1000);
    EXPECT_EQ(refused, 1000);
    EXPECT_EQ(count(*database), 1000);
  });
}

TEST_F(Store, deferred_changes_are_in_before_it_closes) {
  {
    auto database = open();
    for (int i = 0; i < 50; i++) {
      database->write_soon([i](Transaction& transaction) { return set(transaction, std::to_string(i), ""); });
    }
  }
  EXPECT_EQ(count(*open()), 50);
}

TEST_F(Store, calls_the_hook_after_commits_that_changed_something) {
  auto database = open();
  std::vector<std::int64_t> seen;
  database->on_commit([&](Transaction& transaction) {
    if (auto row = transaction.first("select count(*) from settings")) seen.push_back((*row)->integer(0));
  });
  EXPECT_TRUE(database->write_now([](Transaction& transaction) { return set(transaction, "a", ""); }));
  EXPECT_TRUE(database->write_now([](Transaction& transaction) { return set(transaction, "b", ""); }));
  database.reset();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(Store, reading_cannot_change_anything) {
  auto database = open();
  auto verdict = database->read_now([](Transaction& transaction) { return set(transaction, "a", ""); });
  EXPECT_FALSE(verdict);
  EXPECT_EQ(count(*database), 0);
}

TEST_F(Store, refuses_a_schema_of_the_future_and_a_file_that_is_no_store) {
  {
    auto database = open();
    EXPECT_TRUE(database->write_now([](Transaction& transaction) -> Result<void> {
      CHECK(transaction.run("insert into schema_version (version, applied_at) values ($1, 0)",
                            newest_schema_version() + 1));
      return success();
    }));
  }
  EXPECT_EQ(open_sqlite(directory / "test.db").error().code, Errc::unsupported);
  auto* file = std::fopen((directory / "junk.db").c_str(), "w");
  std::fputs("this is not a database, however long one looks at it, and it never was one, really", file);
  std::fclose(file);
  EXPECT_FALSE(open_sqlite(directory / "junk.db"));
  EXPECT_EQ(open_sqlite(directory / "none.db", Access::read_only).error().code, Errc::not_found);
}

TEST_F(Store, policies_of_the_first_schema_are_kept_with_what_they_are_attached_to) {
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((directory / "test.db").c_str(), &raw), SQLITE_OK);
  for (auto sql : {migrations()[0].sql,
                   "create table schema_version (version bigint primary key, applied_at bigint not null)",
                   "insert into schema_version values (1, 0)",
                   "insert into managed_policies values ('arn:aws:iam::aws:policy/A', 'A', '{}', 7)",
                   "insert into attached_policies values ('user/hana', 'arn:aws:iam::aws:policy/A')",
                   "insert into roles values ('r', 'AROA', '/', '{}', '', 7)"}) {
    ASSERT_EQ(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
  }
  sqlite3_close(raw);
  EXPECT_TRUE(open()->read_now([](Transaction& transaction) -> Result<void> {
    TRY(auto policy, transaction.first("select p.name, p.scope, p.document, a.principal from policies p"
                                       " join policy_attachments a on a.policy_arn = p.arn"));
    EXPECT_EQ(policy->text(0), "A");
    EXPECT_EQ(policy->text(1), "AWS");
    EXPECT_EQ(policy->text(2), "{}");
    EXPECT_EQ(policy->text(3), "user/hana");
    TRY(auto role, transaction.first("select longest_session_seconds, last_used_at from roles"));
    EXPECT_EQ(role->integer(0), 3600);
    EXPECT_TRUE(role->is_null(1));
    return success();
  }));
}

TEST_F(Store, illegal_moves_of_a_session_are_refused_by_the_tables) {
  auto database = open();
  auto insert = [](Transaction& transaction) -> Result<void> {
    CHECK(
        transaction.run("insert into sessions (id, target, owner, owner_id, document, reason, prior_state, "
                        "state, details, started_at,"
                        " idle_seconds, most_seconds, admission) values ('s', 't', 'o', 'i', 'd', '', "
                        "'None', 'Connecting', '', 0, 0, 0, '')"));
    return success();
  };
  auto move = [](std::string to) {
    return [to](Transaction& transaction) -> Result<void> {
      CHECK(transaction.run("update sessions set prior_state = state, state = $1 where id = 's'", to));
      return success();
    };
  };
  EXPECT_TRUE(database->write_now(insert));
  EXPECT_EQ(database->write_now(move("Disconnected")).error().code, Errc::conflict);
  EXPECT_TRUE(database->write_now(move("Connected")));
  EXPECT_TRUE(database->write_now(move("Terminated")));
  EXPECT_EQ(database->write_now(move("Connected")).error().code, Errc::conflict);
}

// A child writes as fast as it can and reports each acknowledged row by a pipe; it is killed at a random
// moment. Whatever it reported must be there afterwards.
TEST_F(Store, kill_minus_nine_loses_no_acknowledged_change) {
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 10; round++) {
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    auto child = ::fork();
    if (child == 0) {
      auto database = open_sqlite(directory / "test.db");
      for (int i = 0; database; i++) {
        auto name = std::to_string(round) + "/" + std::to_string(i);
        if (!(*database)->write_now([&](Transaction& transaction) { return set(transaction, name, "x"); }))
          break;
        if (::write(report[1], "x", 1) != 1) break;
      }
      ::_exit(1);
    }
    ::close(report[1]);
    ::usleep(5'000 + static_cast<unsigned>(random_below(40'000)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    char buffer[4096];
    for (ssize_t got; (got = ::read(report[0], buffer, sizeof buffer)) > 0;) acknowledged += got;
    ::close(report[0]);
    auto database = open();
    ASSERT_GE(count(*database), acknowledged) << "round " << round;
  }
  EXPECT_GT(acknowledged, 0);
}

}  // namespace
}  // namespace fumidai::store
