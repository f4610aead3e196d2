#include "store/migrations.h"

namespace fumidai::store {

namespace {

constexpr char const* kFirst = R"sql(
-- What holds for the deployment: account, region, ids.
create table settings (name text primary key, value text not null);
-- Keys of the deployment, sealed with the deployment secret.
create table sealed_keys (name text primary key, sealed text not null);

create table users (
  name text primary key, id text not null unique, path text not null, created_at bigint not null);
create table roles (
  name text primary key, id text not null unique, path text not null, trust_policy text not null,
  description text not null, created_at bigint not null);
create table access_keys (
  id text primary key, user_name text not null references users (name) on delete cascade,
  status text not null check (status in ('Active', 'Inactive')),
  sealed_secret text not null, created_at bigint not null);
create table managed_policies (
  arn text primary key, name text not null unique, document text not null, created_at bigint not null);
-- principal is 'user/NAME' or 'role/NAME'.
create table attached_policies (
  principal text not null, policy_arn text not null references managed_policies (arn),
  primary key (principal, policy_arn));
create table inline_policies (
  principal text not null, name text not null, document text not null, updated_at bigint not null,
  primary key (principal, name));

create table activations (
  id text primary key, code_digest text not null, iam_role text not null, description text not null,
  default_instance_name text not null, registration_limit bigint not null,
  registrations_count bigint not null check (registrations_count <= registration_limit),
  expires_at bigint not null, created_at bigint not null);
create table instances (
  id text primary key, activation_id text not null, iam_role text not null, name text not null,
  public_key text not null, fingerprint text not null, registered_at bigint not null,
  agent_name text not null, agent_version text not null, platform_type text not null,
  platform_name text not null, platform_version text not null, ip_address text not null,
  computer_name text not null, last_ping_at bigint, connected_at bigint, disconnected_at bigint);
create index instances_by_name on instances (name);
create table resource_tags (
  resource_type text not null, resource_id text not null, key text not null, value text not null,
  primary key (resource_type, resource_id, key));

-- The legal moves of a session; a row of sessions cannot make another.
create table session_moves (prior text not null, next text not null, primary key (prior, next));
insert into session_moves (prior, next) values
  ('None', 'Connecting'),
  ('Connecting', 'Connected'), ('Connecting', 'Terminating'), ('Connecting', 'Terminated'), ('Connecting', 'Failed'),
  ('Connected', 'Disconnected'), ('Connected', 'Terminating'), ('Connected', 'Terminated'), ('Connected', 'Failed'),
  ('Disconnected', 'Connected'), ('Disconnected', 'Terminating'), ('Disconnected', 'Terminated'), ('Disconnected', 'Failed'),
  ('Terminating', 'Terminated'), ('Terminating', 'Failed');
create table sessions (
  id text primary key, target text not null, owner text not null, owner_id text not null,
  document text not null, reason text not null, prior_state text not null, state text not null,
  details text not null, started_at bigint not null, ended_at bigint,
  idle_seconds bigint not null, most_seconds bigint not null, admission text not null,
  foreign key (prior_state, state) references session_moves (prior, next));
create index sessions_by_state on sessions (state, started_at);
create index sessions_by_target on sessions (target, started_at);

-- The audit trail: a chain of events, each with a MAC over itself and the one before.
create table events (
  chain text not null, seq bigint not null, at bigint not null, kind text not null, outcome text not null,
  principal text not null, action text not null, resource text not null, session_id text not null,
  request_id text not null, source text not null, detail text not null, mac text not null,
  primary key (chain, seq));
create index events_by_session on events (session_id, at);
create index events_by_request on events (request_id);
create index events_by_time on events (at);
)sql";

// Roles that are assumed, instance profiles, and policies of the account's own. Until now all managed
// policies were AWS's: their ids come at the start, as their documents do (identity/builtin_policies).
constexpr char const* kRolesAndPolicies = R"sql(
alter table roles add column longest_session_seconds bigint not null default 3600;
create table instance_profiles (
  name text primary key, id text not null unique, path text not null,
  role_name text references roles (name), created_at bigint not null);
create index instance_profiles_by_role on instance_profiles (role_name);
create table policies (
  arn text primary key, id text not null unique, scope text not null check (scope in ('AWS', 'Local')),
  name text not null, path text not null, description text not null, version text not null,
  document text not null, created_at bigint not null, unique (scope, name));
insert into policies (arn, id, scope, name, path, description, version, document, created_at)
  select arn, arn, 'AWS', name, '/', '', 'v1', document, created_at from managed_policies;
create table policy_attachments (
  principal text not null, policy_arn text not null references policies (arn),
  primary key (principal, policy_arn));
create index policy_attachments_by_policy on policy_attachments (policy_arn);
insert into policy_attachments (principal, policy_arn) select principal, policy_arn from attached_policies;
drop table attached_policies;
drop table managed_policies;
)sql";

// The parts of the networks (networks/state.h), each a value as JSON: they are read all at once, and what
// holds between them is checked by the functions that change them.
constexpr char const* kNetworks = R"sql(
create table network_parts (
  kind text not null, id text not null, body text not null, primary key (kind, id));
-- How long it took to connect by each method, the last time that it was measured.
create table measurements (
  method text primary key, milliseconds bigint not null, measured_at bigint not null);
)sql";

// SSH keys that were pushed to an instance for a minute (inventory/pushed_keys.h).
constexpr char const* kPushedKeys = R"sql(
create table pushed_keys (
  instance text not null, os_user text not null, key text not null, caller text not null,
  request_id text not null, expires_at bigint not null, primary key (instance, os_user, key));
create index pushed_keys_by_expiry on pushed_keys (expires_at);
)sql";

// Tunnels that agents carry: which agent, where that is not the target's own, and through which endpoint.
constexpr char const* kCarriers = R"sql(
alter table sessions add column carrier text not null default '';
alter table sessions add column endpoint text not null default '';
)sql";

// When the credentials of a role were last used.
constexpr char const* kRoleUse = R"sql(
alter table roles add column last_used_at bigint;
)sql";

constexpr Migration kMigrations[] = {{1, kFirst},      {2, kRolesAndPolicies}, {3, kNetworks},
                                     {4, kPushedKeys}, {5, kCarriers},         {6, kRoleUse}};

}  // namespace

std::span<Migration const> migrations() {
  return kMigrations;
}

int newest_schema_version() {
  return migrations().back().version;
}

}  // namespace fumidai::store
