#include "inventory/activations.h"

#include "base/bytes.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/uuid.h"

namespace fumidai::inventory {

namespace {

std::string digest_of(std::string_view code) {
  return sha256_hex("activation code " + std::string(code));
}

Error refused(std::string detail) {
  return {Errc::denied, std::move(detail), "InvalidActivation"};
}

Activation read_activation(store::Row const& row) {
  Activation activation;
  activation.id = row.text(0);
  activation.iam_role = row.text(1);
  activation.description = row.text(2);
  activation.default_instance_name = row.text(3);
  activation.registration_limit = row.integer(4);
  activation.registrations_count = row.integer(5);
  activation.expires_at = row.time(6);
  activation.created_at = row.time(7);
  return activation;
}

}  // namespace

Result<NewActivation> create_activation(store::Transaction& transaction, Activation activation, Time now) {
  activation.id = Uuid::random().text();
  activation.created_at = now;
  activation.registrations_count = 0;
  // 119 bits: a code cannot be guessed, so wrong ones need no lock.
  Secret code(random_text(20, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
  CHECK(transaction.run(
      "insert into activations (id, code_digest, iam_role, description, default_instance_name, "
      "registration_limit,"
      " registrations_count, expires_at, created_at) values ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
      activation.id, digest_of(code.reveal()), activation.iam_role, activation.description,
      activation.default_instance_name, activation.registration_limit, activation.expires_at,
      activation.created_at));
  return NewActivation{std::move(activation), std::move(code)};
}

Result<std::vector<Activation>> list_activations(store::Transaction& transaction) {
  TRY(auto rows, transaction.query("select id, iam_role, description, default_instance_name, "
                                   "registration_limit, registrations_count, expires_at,"
                                   " created_at from activations order by created_at, id"));
  std::vector<Activation> activations;
  for (auto const& row : rows) activations.push_back(read_activation(row));
  return activations;
}

Result<void> delete_activation(store::Transaction& transaction, std::string const& id) {
  TRY(auto changed, transaction.run("delete from activations where id = $1", id));
  if (changed == 0)
    return Error{Errc::not_found, "The activation " + escaped(id, 64) + " does not exist.",
                 "InvalidActivation"};
  return success();
}

Result<Activation> redeem_activation(store::Transaction& transaction, std::string const& id,
                                     Secret const& code, Time now) {
  TRY(auto row, transaction.first("select id, iam_role, description, default_instance_name, "
                                  "registration_limit, registrations_count, expires_at,"
                                  " created_at, code_digest from activations where id = $1",
                                  id));
  // The same answer for both: who guesses ids learns nothing.
  bool right_code = row && equal_in_constant_time(row->text(8), digest_of(code.reveal()));
  if (!right_code)
    return refused(
        "The activation id or code is not known. Create a new activation (aws ssm create-activation) and use "
        "its id and code.");
  auto activation = read_activation(*row);
  if (activation.is_expired(now)) {
    return refused("The activation expired at " + to_iso_seconds(activation.expires_at) +
                   ". Create a new activation (aws ssm create-activation).");
  }
  TRY(auto counted, transaction.run("update activations set registrations_count = registrations_count + 1"
                                    " where id = $1 and registrations_count < registration_limit",
                                    id));
  if (counted == 0) {
    return refused(
        "The activation is used up: all " + std::to_string(activation.registration_limit) +
        " registrations were made. Create a new activation (aws ssm create-activation), with a larger "
        "--registration-limit if needed.");
  }
  return activation;
}

}  // namespace fumidai::inventory
