-- Breaking: no. How far the outboxes of teams' own services (library mode) are in the log.

-- One row per aggregate of a source: the last version of its own that is in the log. Written by
-- `appendFromSource` only, in the transaction that appends, under an advisory lock per source.
CREATE TABLE outbox_sources (
  -- "/nova/<service>", as in the events.
  source         text COLLATE "C" NOT NULL,
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  version        bigint NOT NULL,
  PRIMARY KEY (source, aggregate_type, aggregate_id)
) WITH (fillfactor = 80);
