-- Not breaking: new tables.
-- Subscriptions that the service keeps for their consumers. Everything about one of them is written
-- under the lock of its row: see src/storage/subscriptions/round.ts.
CREATE TABLE subscriptions (
  -- A name that is used again after a deletion is another subscription.
  subscription_id bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Up to here the log was looked at; what matched is in subscription_deliveries until it is settled.
  position        bigint  NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  stopped_at      timestamptz,
  ack_timeout_ms  integer NOT NULL CHECK (ack_timeout_ms > 0),
  -- 0 = no limit.
  max_attempts    integer NOT NULL CHECK (max_attempts >= 0),
  epoch           text    NOT NULL,
  name            text COLLATE "C" NOT NULL UNIQUE,
  strategy        text    NOT NULL CHECK (strategy IN ('round_robin', 'single', 'pinned')),
  created_by      text    NOT NULL,
  stopped_by      text,
  stopped_reason  text,
  -- As EventFilter of @nova/outbox, by its names.
  filter          jsonb   NOT NULL,
  -- Where it was to begin, as asked for: tells a repeated creation from another one.
  begins          jsonb   NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- Consumers that are connected to an instance of the service, which renews seen_until.
CREATE TABLE subscription_sessions (
  ordinal         bigint  GENERATED ALWAYS AS IDENTITY,
  subscription_id bigint  NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  connected_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_until      timestamptz NOT NULL,
  session_id      uuid    NOT NULL PRIMARY KEY,
  credits         integer NOT NULL,
  consumer        text    NOT NULL,
  principal       text    NOT NULL
);
CREATE INDEX subscription_sessions_of ON subscription_sessions (subscription_id, ordinal);

-- Events that a subscription has taken up and that are not settled. Of each aggregate one is its head,
-- and only that is handed out; the others are held until it is settled.
--
--   held ── first of its aggregate ──▶ waiting ──▶ out ── ack, skip ──▶ (row deleted)
--                                         ▲         ├── retry, not settled, consumer gone ──▶ waiting
--                                         │         └── park, too many attempts ──▶ parked
--                                         └── replay ── parked ── discard ──▶ (row deleted)
CREATE TABLE subscription_deliveries (
  subscription_id bigint   NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  position        bigint   NOT NULL,
  -- waiting: not before; out: taken back then.
  due_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Tells one handing out from all others, also of another event at the same position after a restore.
  hand_out        bigint,
  parked_at       timestamptz,
  -- The consumer that it is out to.
  session_id      uuid,
  -- The replay that it comes from.
  replay_id       uuid,
  attempts        integer  NOT NULL DEFAULT 0,
  lane            smallint NOT NULL,
  state           text     NOT NULL CHECK (state IN ('waiting', 'out', 'parked', 'held')),
  aggregate_type  text COLLATE "C" NOT NULL,
  aggregate_id    text COLLATE "C" NOT NULL,
  reason          text,
  PRIMARY KEY (subscription_id, position)
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX subscription_deliveries_in_play ON subscription_deliveries (subscription_id, position)
  WHERE state IN ('waiting', 'out');
CREATE INDEX subscription_deliveries_held ON subscription_deliveries (subscription_id, position)
  WHERE state IN ('parked', 'held');
CREATE INDEX subscription_deliveries_by_aggregate
  ON subscription_deliveries (subscription_id, aggregate_type, aggregate_id, position);

CREATE SEQUENCE subscription_hand_outs;

-- Parts of the log that one subscription gets once more.
CREATE TABLE subscription_replays (
  ordinal         bigint  GENERATED ALWAYS AS IDENTITY,
  subscription_id bigint  NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
  -- First and last position; the last one that was looked at.
  from_position   bigint  NOT NULL,
  to_position     bigint  NOT NULL,
  reached         bigint  NOT NULL,
  -- As counted at the start; taken up until now.
  events          bigint  NOT NULL,
  taken           bigint  NOT NULL DEFAULT 0,
  requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at        timestamptz,
  replay_id       uuid    NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
  state           text    NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
  requested_by    text    NOT NULL,
  reason          text    NOT NULL,
  filter          jsonb   NOT NULL
);
CREATE INDEX subscription_replays_running ON subscription_replays (subscription_id, ordinal)
  WHERE state = 'running';
