-- Not breaking: new tables.
-- Consumers that have ever registered. effects_from is the head of the log at the first
-- registration: no effect is made for events at or below it. Never deleted.
CREATE TABLE consumers (
  service text NOT NULL,
  consumer text NOT NULL,
  effects_from text NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (service, consumer)
);

-- Members of consumers that are running now: each renews its row within the time to live.
CREATE TABLE consumer_members (
  service text NOT NULL,
  consumer text NOT NULL,
  generation integer NOT NULL,
  ops_address text NOT NULL,
  event_types text[] NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (service, consumer, generation, ops_address)
);

CREATE INDEX consumer_members_expiry ON consumer_members (expires_at);
