-- Breaking: no. Aggregates whose next event Kafka does not take: a lane goes on without them, and
-- they are sent from the log, in order, when it does. A row is written by the relay that holds the
-- lane, before the lane's position goes past the event.
CREATE TABLE outbox_parked (
  aggregate_type    text COLLATE "C" NOT NULL,
  aggregate_id      text COLLATE "C" NOT NULL,
  lane              smallint    NOT NULL CHECK (lane BETWEEN 0 AND 63),
  -- The event that was refused. Of this aggregate nothing at or above its version is published.
  position          bigint      NOT NULL,
  aggregate_version bigint      NOT NULL,
  event_id          uuid        NOT NULL,
  event_type        text COLLATE "C" NOT NULL,
  error_code        text        NOT NULL,
  reason            text        NOT NULL,
  -- How often this event was refused.
  attempts          integer     NOT NULL DEFAULT 1,
  first_failed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  failed_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_attempt_at   timestamptz NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id)
);
CREATE INDEX outbox_parked_by_lane ON outbox_parked (lane, next_attempt_at);
CREATE INDEX outbox_parked_by_position ON outbox_parked (position);
