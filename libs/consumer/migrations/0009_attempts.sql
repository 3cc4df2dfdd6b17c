-- Breaking: no. What a member is about to apply, written down before it does, so that an event which
-- kills the process is found. A row that outlives its process tells in which round it died.
CREATE TABLE consumer_attempts (
  consumer   text COLLATE "C" NOT NULL,
  generation integer     NOT NULL,
  member     text        NOT NULL,
  host       text        NOT NULL,
  pid        integer     NOT NULL,
  begun_at   timestamptz NOT NULL,
  -- [type, id, version, event id] of each; empty between rounds.
  events     jsonb       NOT NULL,
  PRIMARY KEY (consumer, generation, member)
) WITH (fillfactor = 10);

-- Events in whose round a process has died. One that was applied, or failed in an ordinary way, since
-- is none any more. They know no generation, as the event is the same in each.
CREATE TABLE consumer_suspects (
  consumer          text COLLATE "C" NOT NULL,
  aggregate_type    text COLLATE "C" NOT NULL,
  aggregate_id      text COLLATE "C" NOT NULL,
  aggregate_version bigint  NOT NULL,
  event_id          text    NOT NULL,
  deaths            integer NOT NULL,
  -- It was the only one in the round in which a process died last.
  was_alone         boolean NOT NULL,
  PRIMARY KEY (consumer, event_id)
);
