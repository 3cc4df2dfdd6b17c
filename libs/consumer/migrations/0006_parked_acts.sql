-- Breaking: no. What operators do about what is parked: every act with who, when and why, the selection
-- as it was frozen, and what came of each part of it. Any member carries them out.

CREATE TABLE parked_acts (
  act_id     uuid PRIMARY KEY,
  consumer   text COLLATE "C" NOT NULL,
  generation integer     NOT NULL,
  kind       text        NOT NULL CHECK (kind IN ('replay', 'discard')),
  subject    text        NOT NULL CHECK (subject IN ('aggregates', 'effects')),
  who        text        NOT NULL,
  reason     text        NOT NULL,
  selection  jsonb       NOT NULL,
  -- Parts a second; 0 = as fast as it goes.
  per_second integer     NOT NULL CHECK (per_second >= 0),
  state      text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Nothing more is taken before it: the rate.
  next_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at   timestamptz,
  -- Who cancelled it; the consumer itself when another generation has come to serve.
  ended_by   text
);
CREATE INDEX parked_acts_by_start ON parked_acts (consumer, started_at DESC, act_id);
CREATE INDEX parked_acts_running ON parked_acts (consumer, generation) WHERE state = 'running';

-- An aggregate with the version that failed when it was selected, or an effect.
CREATE TABLE parked_act_parts (
  act_id          uuid    NOT NULL REFERENCES parked_acts ON DELETE CASCADE,
  place           integer NOT NULL,
  aggregate_type  text COLLATE "C",
  aggregate_id    text COLLATE "C",
  failed_version  bigint,
  effect_lane     smallint,
  effect_sequence bigint,
  -- gone: when its turn came, it was no longer as it had been selected.
  outcome         text CHECK (outcome IN ('done', 'failed', 'gone')),
  detail          text    NOT NULL DEFAULT '',
  -- The member that has taken it works on it until then; afterwards another one takes it.
  taken_until     timestamptz,
  takes           integer NOT NULL DEFAULT 0,
  ended_at        timestamptz,
  -- An effect that was discarded, whole: nothing else has it.
  discarded       jsonb,
  PRIMARY KEY (act_id, place)
);
CREATE INDEX parked_act_parts_open ON parked_act_parts (act_id, place) WHERE outcome IS NULL;

-- Events that the consumer may go on without. They know no generation: one that fails again, in a
-- rebuild or when its aggregate is folded anew, is passed over then too.
CREATE TABLE discarded_events (
  consumer          text COLLATE "C" NOT NULL,
  event_id          text COLLATE "C" NOT NULL,
  aggregate_type    text        NOT NULL,
  aggregate_id      text        NOT NULL,
  aggregate_version bigint      NOT NULL,
  event_type        text        NOT NULL,
  act_id            uuid        NOT NULL,
  who               text        NOT NULL,
  reason            text        NOT NULL,
  discarded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, event_id)
);

ALTER TABLE consumer_effects ADD COLUMN parked_at timestamptz;
UPDATE consumer_effects SET parked_at = clock_timestamp() WHERE state = 'parked';
