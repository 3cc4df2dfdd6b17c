-- Breaking: no. Relays that live, so that each can take its fair share of the lanes.
CREATE TABLE outbox_relays (
  relay_id   text        PRIMARY KEY,
  -- A relay that has not said so since is taken for gone.
  seen_until timestamptz NOT NULL
);
