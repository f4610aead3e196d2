#include <gtest/gtest.h>

#include <fstream>

#include "audit/checkpoint_file.h"
#include "audit/tally.h"
#include "audit/trail.h"
#include "base/random.h"
#include "store/sqlite_database.h"

namespace fumidai::audit {
namespace {

class AuditTrail : public testing::Test {
 protected:
  AuditTrail() : directory(std::filesystem::temp_directory_path() / ("fumidai-audit-" + random_hex(12))) {
    std::filesystem::create_directory(directory);
    database = std::move(*store::open_sqlite(directory / "test.db"));
    for (int i = 0; i < 10; i++) append("event " + std::to_string(i + 1));
  }
  ~AuditTrail() override {
    database.reset();
    std::filesystem::remove_all(directory);
  }

  void append(std::string why) {
    ASSERT_TRUE(database->write_now([&](store::Transaction& transaction) {
      return trail.append(transaction,
                          AgentDisconnected{InstanceId("mi-1"), why, from_millis(1000)}.to_event());
    }));
  }
  // What somebody with the store, but without the secret, could do.
  void tamper(store::Sql sql) {
    ASSERT_TRUE(database->write_now([&](store::Transaction& transaction) -> Result<void> {
      CHECK(transaction.run(sql));
      return success();
    }));
  }
  std::string faults(std::vector<Checkpoint> const& checkpoints = {}) {
    std::string text;
    EXPECT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
      TRY(auto verdict, trail.verify(transaction, checkpoints));
      for (auto const& fault : verdict.faults) text += fault + "\n";
      return success();
    }));
    return text;
  }
  Checkpoint head() {
    Checkpoint result;
    EXPECT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
      TRY(result, trail.checkpoint(transaction));
      return success();
    }));
    return result;
  }

  std::filesystem::path directory;
  std::unique_ptr<store::Database> database;
  Secret secret{"a deployment secret of some length"};
  Trail trail{secret};
};

TEST_F(AuditTrail, an_untouched_chain_verifies) {
  EXPECT_EQ(faults({head()}), "");
  EXPECT_EQ(head().seq, 10);
}

TEST_F(AuditTrail, an_altered_event_is_found) {
  tamper("update events set source = 'elsewhere' where seq = 4");
  EXPECT_NE(faults().find("event 4 does not fit its MAC"), std::string::npos);
}

TEST_F(AuditTrail, a_removed_event_is_found) {
  tamper("delete from events where seq = 4");
  EXPECT_NE(faults().find("events 4 to 4 are missing"), std::string::npos);
  tamper("update events set seq = seq - 1 where seq > 4");
  EXPECT_NE(faults().find("event 4 does not fit its MAC"), std::string::npos);
}

TEST_F(AuditTrail, reordered_events_are_found) {
  tamper("update events set seq = 100 where seq = 4");
  tamper("update events set seq = 4 where seq = 5");
  tamper("update events set seq = 5 where seq = 100");
  EXPECT_NE(faults().find("event 4"), std::string::npos);
}

TEST_F(AuditTrail, a_cut_off_end_is_found_by_the_checkpoint) {
  auto before = head();
  tamper("delete from events where seq > 7");
  EXPECT_EQ(faults(), "");
  EXPECT_NE(faults({before}).find("its end was cut off"), std::string::npos);
}

TEST_F(AuditTrail, a_chain_made_anew_without_the_secret_is_found) {
  auto before = head();
  tamper("delete from events");
  Trail forger(Secret("a guess"));
  ASSERT_TRUE(database->write_now([&](store::Transaction& transaction) {
    return forger.append(transaction,
                         AgentDisconnected{InstanceId("mi-1"), "forged", from_millis(1000)}.to_event());
  }));
  EXPECT_NE(faults().find("event 1 does not fit"), std::string::npos);
  Checkpoint forged = head();
  forged.signature = "AAAA";
  EXPECT_NE(faults({forged}).find("not signed by this deployment"), std::string::npos);
  EXPECT_NE(faults({before}), "");
}

TEST_F(AuditTrail, the_checkpoint_file_keeps_the_newest_and_survives_a_torn_write) {
  auto path = directory / "audit-checkpoint";
  auto file = CheckpointFile::open(path, trail);
  ASSERT_TRUE(file);
  auto advance = [&] {
    ASSERT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
      (*file)->advance(transaction, trail);
      return success();
    }));
  };
  advance();
  append("one more");
  advance();
  EXPECT_EQ(read_checkpoint_file(path, trail)->seq, 11);
  std::fstream torn(path, std::ios::in | std::ios::out);
  torn.seekp(520);
  torn << "garbage";
  torn.close();
  EXPECT_EQ(read_checkpoint_file(path, trail)->seq, 10);
  EXPECT_FALSE(read_checkpoint_file(path, Trail(Secret("another deployment"))));
  EXPECT_FALSE(read_checkpoint_file(directory / "none", trail));
}

TEST_F(AuditTrail, a_checkpoint_file_that_vanishes_is_a_fault_and_its_tail_stays_known) {
  auto path = directory / "audit-checkpoint";
  auto file = CheckpointFile::open(path, trail);
  EXPECT_TRUE((*file)->was_missing());
  ASSERT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
    (*file)->advance(transaction, trail);
    return success();
  }));
  EXPECT_FALSE((*file)->known(trail).fault);
  std::filesystem::remove(path);
  tamper("delete from events where seq > 7");
  auto known = (*file)->known(trail);
  EXPECT_TRUE(known.fault);
  EXPECT_NE(faults(known.checkpoints).find("its end was cut off"), std::string::npos);
  EXPECT_TRUE((*CheckpointFile::open(path, trail))->was_missing());
}

TEST_F(AuditTrail, a_lost_checkpoint_is_a_fault_until_somebody_vouches) {
  ASSERT_TRUE(database->write_now([&](store::Transaction& transaction) {
    return trail.append(transaction, CheckpointLost{from_millis(5000)}.to_event());
  }));
  EXPECT_NE(faults().find("event 11: the checkpoint file was missing"), std::string::npos);
  auto now = head();
  EXPECT_NE(faults({now}), "");  // the plane's own vouches for nothing
  EXPECT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
    TRY(auto verdict, trail.verify(transaction, {}, now));
    EXPECT_TRUE(verdict.faults.empty());
    return success();
  }));
}

TEST_F(AuditTrail, events_are_listed_newest_first_and_filtered) {
  ASSERT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
    TRY(auto page, list_events(transaction, {}, 3));
    EXPECT_EQ(page.size(), 3u);
    EXPECT_EQ(page[0].seq, 10);
    TRY(auto next, list_events(transaction, {.before = page.back().seq}, 100));
    EXPECT_EQ(next.size(), 7u);
    TRY(auto none, list_events(transaction, {.kind = "session.start"}, 100));
    EXPECT_TRUE(none.empty());
    return success();
  }));
}

TEST_F(AuditTrail, an_event_of_a_change_that_failed_is_not_there) {
  auto verdict = database->write_now([&](store::Transaction& transaction) -> Result<void> {
    CHECK(trail.append(transaction, PlaneStopped{from_millis(1)}.to_event()));
    return Error{Errc::conflict, "the change did not happen"};
  });
  EXPECT_FALSE(verdict);
  EXPECT_EQ(head().seq, 10);
}

TEST(Tally, becomes_one_event_an_address_and_minute) {
  Tally tally;
  auto now = from_millis(1'000'000);
  for (int i = 0; i < 500; i++)
    tally.refused("192.0.2.1", "InvalidSignature", now + std::chrono::milliseconds(i));
  tally.refused("192.0.2.2", "InvalidSignature", now);
  EXPECT_TRUE(tally.take(now + std::chrono::seconds(59)).empty());
  auto events = tally.take(now + std::chrono::minutes(2));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].source, "192.0.2.1");
  EXPECT_NE(events[0].detail.find("\"count\":500"), std::string::npos);
  EXPECT_TRUE(tally.take(Time::max()).empty());
}

TEST(Tally, a_million_addresses_do_not_fill_the_memory_or_the_disk) {
  Tally tally;
  for (int i = 0; i < 50'000; i++) tally.refused("peer " + std::to_string(i), "x", from_millis(i));
  EXPECT_LE(tally.take(Time::max()).size(), Tally::kMostKeys + 1);
}

}  // namespace
}  // namespace fumidai::audit
