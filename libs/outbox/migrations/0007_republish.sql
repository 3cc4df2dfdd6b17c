-- Breaking: no. Parts of the log that are sent to Kafka once more: what an operator asked for, and how
-- far each lane is. Kept as a record.
CREATE TABLE outbox_republish (
  id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  state             text        NOT NULL DEFAULT 'running'
                                CHECK (state IN ('running', 'done', 'cancelled')),
  from_position     bigint      NOT NULL,
  to_position       bigint      NOT NULL,
  -- Empty = all.
  event_types       text[]      NOT NULL,
  -- Of all relays together; 0 = as fast as it goes.
  events_per_second integer     NOT NULL,
  reason            text        NOT NULL,
  requested_by      text        NOT NULL,
  requested_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at          timestamptz,
  -- Who cancelled it.
  ended_by          text,
  -- Counted when it was asked for.
  events            bigint      NOT NULL
);
CREATE INDEX outbox_republish_running ON outbox_republish (requested_at) WHERE state = 'running';

-- Written by the relay that holds the lane.
CREATE TABLE outbox_republish_lanes (
  id       uuid     NOT NULL REFERENCES outbox_republish,
  lane     smallint NOT NULL CHECK (lane BETWEEN 0 AND 63),
  -- What of the lane lies at or below is sent.
  position bigint   NOT NULL,
  sent     bigint   NOT NULL DEFAULT 0,
  refused  bigint   NOT NULL DEFAULT 0,
  PRIMARY KEY (id, lane)
) WITH (fillfactor = 50);
