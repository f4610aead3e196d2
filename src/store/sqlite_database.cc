#include "store/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <deque>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "io/file.h"
#include "io/worker.h"
#include "store/migrations.h"

namespace fumidai::store {

namespace {

// One flush serves this many changes at most, so that the first of them does not wait for ever.
constexpr std::size_t kMostInOneCommit = 512;
constexpr int kBusyMillis = 10'000;

struct Closer {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

class Connection : public Transaction {
 public:
  static Result<std::unique_ptr<Connection>> open(std::filesystem::path const& file, Access access) {
    int flags =
        access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3* raw = nullptr;
    int code =
        sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    std::unique_ptr<Connection> connection(new Connection(raw));
    if (code != SQLITE_OK)
      return Error{Errc::system, "cannot open the store " + file.string() + ": " + sqlite3_errstr(code)};
    sqlite3_busy_timeout(raw, kBusyMillis);
    for (auto pragma :
         {"pragma foreign_keys = on", "pragma synchronous = full", "pragma cache_size = -16000"})
      CHECK(connection->command(pragma));
    if (access == Access::read_write) CHECK(connection->command("pragma journal_mode = wal"));
    return connection;
  }

  Result<void> command(char const* sql) {
    int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure();
    return success();
  }

  bool is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }
  bool has_changed() { return std::exchange(changed_, false); }

  Result<std::int64_t> execute(Sql sql, std::vector<Value> const& parameters) override {
    TRY(auto* statement, prepare(sql, parameters));
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW) return failed(statement);
    sqlite3_reset(statement);
    changed_ = true;
    return static_cast<std::int64_t>(sqlite3_changes64(connection_.get()));
  }

  Result<std::vector<Row>> select(Sql sql, std::vector<Value> const& parameters) override {
    TRY(auto* statement, prepare(sql, parameters));
    std::vector<Row> rows;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back(read_row(statement));
    if (code != SQLITE_DONE) return failed(statement);
    sqlite3_reset(statement);
    return rows;
  }

 private:
  explicit Connection(sqlite3* connection) : connection_(connection) {}

  Result<sqlite3_stmt*> prepare(Sql sql, std::vector<Value> const& parameters) {
    auto& statement = statements_[sql.text()];
    if (!statement) {
      sqlite3_stmt* raw = nullptr;
      if (sqlite3_prepare_v3(connection_.get(), sql.text(), -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) !=
          SQLITE_OK)
        return failure();
      statement.reset(raw);
    }
    sqlite3_reset(statement.get());
    for (std::size_t i = 0; i < parameters.size(); i++) {
      // "$1" is a name to SQLite, numbered in order of first use: bind by name.
      auto index = sqlite3_bind_parameter_index(statement.get(), ("$" + std::to_string(i + 1)).c_str());
      if (index == 0)
        return Error{Errc::system, "a parameter that the statement does not use: " + std::string(sql.text())};
      bind(statement.get(), index, parameters[i]);
    }
    return statement.get();
  }

  static void bind(sqlite3_stmt* statement, int index, Value const& value) {
    if (auto const* number = std::get_if<std::int64_t>(&value)) {
      sqlite3_bind_int64(statement, index, *number);
    } else if (auto const* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
      sqlite3_bind_null(statement, index);
    }
  }

  static Row read_row(sqlite3_stmt* statement) {
    std::vector<Value> values;
    for (int column = 0; column < sqlite3_column_count(statement); column++) {
      switch (sqlite3_column_type(statement, column)) {
        case SQLITE_NULL: values.emplace_back(nullptr); break;
        case SQLITE_INTEGER:
          values.emplace_back(static_cast<std::int64_t>(sqlite3_column_int64(statement, column)));
          break;
        default: {
          auto const* text = reinterpret_cast<char const*>(sqlite3_column_text(statement, column));
          values.emplace_back(
              std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))));
        }
      }
    }
    return Row(std::move(values));
  }

  Error failed(sqlite3_stmt* statement) {
    auto error = failure();
    sqlite3_reset(statement);
    return error;
  }

  Error failure() const {
    int code = sqlite3_errcode(connection_.get()) & 0xff;
    auto errc = code == SQLITE_CONSTRAINT                         ? Errc::conflict
                : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? Errc::corrupt
                                                                  : Errc::system;
    auto hint =
        code == SQLITE_FULL ? " (the disk is full; free some space, nothing else needs to be done)" : "";
    return {errc, std::string("store: ") + sqlite3_errmsg(connection_.get()) + hint};
  }

  std::unique_ptr<sqlite3, Closer> connection_;
  std::unordered_map<char const*, Statement> statements_;
  bool changed_ = false;
};

class SqliteDatabase : public Database {
 public:
  SqliteDatabase(std::unique_ptr<Connection> writer, std::unique_ptr<Connection> reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {
    if (writer_) writing_ = std::thread([this] { write_loop(); });
    reading_.emplace("store-read");
  }

  ~SqliteDatabase() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (writing_.joinable()) writing_.join();
    reading_.reset();
  }

  void on_commit(std::function<void(Transaction&)> hook) override {
    std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }

 protected:
  void submit_write(Job job) override {
    if (!writer_) return job.done(Error{Errc::system, "the store is open for reading only"});
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  void submit_read(Job job) override {
    reading_->submit([this, job = std::move(job)] {
      if (auto begun = reader_->command("begin"); !begun) return job.done(begun.error());
      job.body(*reader_);
      reader_->command("rollback");
      job.done(std::nullopt);
    });
  }

 private:
  void write_loop() {
    for (;;) {
      std::vector<Job> group;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        while (!jobs_.empty() && group.size() < kMostInOneCommit) {
          group.push_back(std::move(jobs_.front()));
          jobs_.pop_front();
        }
      }
      auto failure = run_group(group);
      for (auto const& job : group) job.done(failure);
    }
  }

  // All of the group in one commit; each job in a savepoint of its own. What is returned concerns all of
  // them.
  std::optional<Error> run_group(std::vector<Job> const& group) {
    if (auto begun = writer_->command("begin immediate"); !begun) return begun.error();
    for (auto const& job : group) {
      if (auto marked = writer_->command("savepoint job"); !marked) return roll_back(marked.error());
      bool keep = job.body(*writer_);
      // Out of space and I/O errors may have undone everything, the jobs before this one included.
      if (!writer_->is_in_transaction())
        return Error{Errc::system, "store: the transaction was undone by an I/O error or a full disk"};
      if (!keep) {
        if (auto undone = writer_->command("rollback to job"); !undone) return roll_back(undone.error());
      }
      if (auto released = writer_->command("release job"); !released) return roll_back(released.error());
    }
    if (auto committed = writer_->command("commit"); !committed) return roll_back(committed.error());
    if (writer_->has_changed()) call_hook();
    on_written();
    return std::nullopt;
  }

  Error roll_back(Error error) {
    if (writer_->is_in_transaction()) writer_->command("rollback");
    log_error("a commit failed", {{"error", error.detail}});
    return error;
  }

  void call_hook() {
    std::function<void(Transaction&)> hook;
    {
      std::lock_guard lock(mutex_);
      hook = hook_;
    }
    if (hook) hook(*writer_);
  }

  std::unique_ptr<Connection> writer_, reader_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::function<void(Transaction&)> hook_;
  bool stopping_ = false;
  std::thread writing_;
  std::optional<io::Worker> reading_;
};

Result<void> migrate(Connection& connection) {
  CHECK(connection.command("begin immediate"));
  CHECK(connection.command(
      "create table if not exists schema_version (version bigint primary key, applied_at bigint not null)"));
  TRY(auto row, connection.first("select coalesce(max(version), 0) from schema_version"));
  auto current = row->integer(0);
  if (current > newest_schema_version()) {
    connection.command("rollback");
    return Error{Errc::unsupported, "the store has schema " + std::to_string(current) +
                                        ", this program knows " + std::to_string(newest_schema_version()) +
                                        "; it was written by a newer version, run that one"};
  }
  for (auto const& migration : migrations()) {
    if (migration.version <= current) continue;
    CHECK(connection.command(migration.sql));
    CHECK(connection.run("insert into schema_version (version, applied_at) values ($1, $2)",
                         migration.version, SystemClock().now()));
  }
  return connection.command("commit");
}

// SQLite gives its other files the mode of this one.
void make_private(std::filesystem::path const& file) {
  if (file == ":memory:") return;
  if (int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600); descriptor >= 0)
    ::close(descriptor);
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(std::filesystem::path const& file, Access access) {
  std::unique_ptr<Connection> writer;
  if (access == Access::read_write) {
    make_private(file);
    TRY(writer, Connection::open(file, access));
    CHECK(migrate(*writer));
  } else {
    TRY(auto is_there, io::exists(file));
    if (!is_there) return Error{Errc::not_found, "there is no store at " + file.string()};
  }
  TRY(auto reader, Connection::open(file, Access::read_only));
  return std::make_unique<SqliteDatabase>(std::move(writer), std::move(reader));
}

}  // namespace fumidai::store
