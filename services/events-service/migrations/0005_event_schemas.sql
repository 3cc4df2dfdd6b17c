-- Not breaking: new tables.
-- Event types of other teams. A row is never deleted: its topic and events stay.
CREATE TABLE event_types (
  event_type         text        PRIMARY KEY,
  aggregate_type     text        NOT NULL,
  owner              text        NOT NULL,
  compatibility      text        NOT NULL CHECK (compatibility IN (
    'BACKWARD', 'FORWARD', 'FULL', 'BACKWARD_ALL', 'FORWARD_ALL', 'FULL_ALL', 'NONE')),
  latest_version     integer     NOT NULL,
  deprecation_reason text,
  -- That of event_types_revision when the row was changed last: instances read what is above theirs.
  revision           bigint      NOT NULL
);

CREATE INDEX event_types_revision_order ON event_types (revision);
CREATE INDEX event_types_by_aggregate ON event_types (aggregate_type);

-- The versions of their schemas, 1, 2, 3 … per type. Never changed.
CREATE TABLE event_schemas (
  event_type    text        NOT NULL REFERENCES event_types,
  version       integer     NOT NULL,
  -- Canonical JSON: two schemas are the same when their texts are.
  schema        text        NOT NULL,
  registered_by text        NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (event_type, version)
);

-- One row. Whoever registers holds it until the commit, so that of two that register at once one is
-- first, and revisions become visible in their order.
CREATE TABLE event_types_revision (
  is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
  revision   bigint  NOT NULL
);

INSERT INTO event_types_revision (revision) VALUES (0);
