CREATE TABLE bench_view (
  aggregate_id text COLLATE "C",
  event_type   text COLLATE "C",
  events       integer NOT NULL,
  digest       text NOT NULL,
  PRIMARY KEY (aggregate_id, event_type)
);
