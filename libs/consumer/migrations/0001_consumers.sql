-- Breaking: no. What a consumer knows about itself: see conventions §5. Views' rows lie in a schema
-- per generation, `<consumer>_g<N>`; these tables are the same for all generations. Indexed text is
-- compared by bytes (COLLATE "C").

-- The first registration of a consumer. No effect for an event at or below effects_from.
CREATE TABLE consumers (
  consumer      text COLLATE "C" PRIMARY KEY,
  effects_epoch text        NOT NULL,
  effects_from  bigint      NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- event_types: event type -> position at or below which its events count as applied.
CREATE TABLE consumer_generations (
  consumer        text COLLATE "C" NOT NULL REFERENCES consumers,
  generation      integer     NOT NULL CHECK (generation > 0),
  state           text        NOT NULL CHECK (state IN ('building', 'serving', 'retired')),
  event_types     jsonb       NOT NULL,
  definition_hash text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  served_at       timestamptz,
  PRIMARY KEY (consumer, generation)
);
CREATE UNIQUE INDEX consumer_generations_serving ON consumer_generations (consumer)
  WHERE state = 'serving';

-- Marks: every subscribed event of the aggregate at or below applied_version is applied. The row
-- lock of a mark is the lock of its aggregate. Version 0 = nothing applied yet.
CREATE TABLE consumer_progress (
  applied_version bigint      NOT NULL,
  position        bigint      NOT NULL,
  applied_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  filled_at       timestamptz,
  filled_from     bigint,
  filled_to       bigint,
  generation      integer     NOT NULL,
  consumer        text COLLATE "C" NOT NULL,
  epoch           text COLLATE "C" NOT NULL,
  aggregate_type  text COLLATE "C" NOT NULL,
  aggregate_id    text COLLATE "C" NOT NULL,
  PRIMARY KEY (aggregate_id, aggregate_type, consumer, generation)
) WITH (fillfactor = 80);

-- The last record of a partition that is settled, with everything before it: applied, parked or set
-- aside. For a foreign record event_id is a hash of key and value, and epoch is empty.
CREATE TABLE consumer_offsets (
  consumer   text COLLATE "C" NOT NULL,
  generation integer NOT NULL,
  topic      text COLLATE "C" NOT NULL,
  partition  integer NOT NULL,
  "offset"   bigint  NOT NULL,
  event_id   text    NOT NULL,
  epoch      text    NOT NULL,
  position   bigint  NOT NULL,
  stored_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, generation, topic, partition)
) WITH (fillfactor = 50);

-- Every own event of the partition number at or below the position is applied or parked.
CREATE TABLE consumer_tail (
  consumer   text COLLATE "C" NOT NULL,
  generation integer NOT NULL,
  partition  integer NOT NULL,
  epoch      text    NOT NULL,
  position   bigint  NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, generation, partition)
);

-- Aggregates whose next event fails. Later events wait in parked_events; the log has them too.
CREATE TABLE parked_aggregates (
  consumer        text COLLATE "C" NOT NULL,
  generation      integer NOT NULL,
  aggregate_type  text COLLATE "C" NOT NULL,
  aggregate_id    text COLLATE "C" NOT NULL,
  state           text NOT NULL CHECK (state IN ('retrying', 'parked')),
  failed_version  bigint NOT NULL,
  attempts        integer NOT NULL,
  next_attempt_at timestamptz,
  first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  failed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  error_code      text NOT NULL,
  reason          text NOT NULL,
  PRIMARY KEY (consumer, generation, aggregate_type, aggregate_id)
);
CREATE INDEX parked_aggregates_due ON parked_aggregates (next_attempt_at) WHERE state = 'retrying';

-- The failing event and its followers, as they arrived.
CREATE TABLE parked_events (
  consumer          text COLLATE "C" NOT NULL,
  generation        integer NOT NULL,
  aggregate_type    text COLLATE "C" NOT NULL,
  aggregate_id      text COLLATE "C" NOT NULL,
  aggregate_version bigint NOT NULL,
  event_id          text NOT NULL,
  event_type        text NOT NULL,
  topic             text,
  partition         integer,
  "offset"          bigint,
  epoch             text NOT NULL,
  position          bigint NOT NULL,
  stored_at         text NOT NULL,
  headers           jsonb NOT NULL,
  payload           bytea NOT NULL,
  parked_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, generation, aggregate_type, aggregate_id, aggregate_version)
);

-- Records that nova did not write, at most one row per place in a topic.
CREATE TABLE foreign_records (
  consumer   text COLLATE "C" NOT NULL,
  topic      text COLLATE "C" NOT NULL,
  partition  integer NOT NULL,
  "offset"   bigint  NOT NULL,
  reason     text    NOT NULL,
  key        text,
  headers    jsonb   NOT NULL,
  -- At most 64 KiB of it.
  value      bytea,
  seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, topic, partition, "offset")
);
