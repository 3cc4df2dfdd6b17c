CREATE TABLE bench_seen (
  aggregate_id text COLLATE "C",
  n            integer,
  version      integer NOT NULL,
  digest       text NOT NULL,
  PRIMARY KEY (aggregate_id, n)
);
