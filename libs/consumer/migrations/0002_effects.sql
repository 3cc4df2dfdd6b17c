-- Breaking: no. Effects: consequences outside the views. They know no generation, so that a rebuild
-- repeats none.

-- Effects of events at or below the version are written.
CREATE TABLE consumer_effect_marks (
  consumer       text COLLATE "C" NOT NULL,
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  version        bigint NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_type, consumer)
) WITH (fillfactor = 80);

-- Effects to be carried out, in the order of `sequence` per target; a row goes when its effect is
-- done. One that the log refuses is parked and holds back its followers.
CREATE TABLE consumer_effects (
  sequence        bigint GENERATED ALWAYS AS IDENTITY,
  consumer        text COLLATE "C" NOT NULL,
  effect_id       uuid NOT NULL,
  effect          text NOT NULL,
  effect_key      text NOT NULL,
  target          text COLLATE "C" NOT NULL,
  lane            smallint NOT NULL CHECK (lane BETWEEN 0 AND 63),
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'parked')),
  body            jsonb NOT NULL,
  -- The source event, as far as the effect's event names it.
  source_event_id text NOT NULL,
  source          jsonb NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason          text,
  PRIMARY KEY (consumer, lane, sequence)
);
CREATE INDEX consumer_effects_parked ON consumer_effects (consumer, target) WHERE state = 'parked';

CREATE TABLE consumer_effect_lanes (
  consumer    text COLLATE "C" NOT NULL,
  lane        smallint NOT NULL CHECK (lane BETWEEN 0 AND 63),
  owner       text,
  term        bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  PRIMARY KEY (consumer, lane)
) WITH (fillfactor = 10);
