-- Not breaking: a new table.
-- Events that wait for their time (DECISIONS 41). PublishEvent inserts a row; it is deleted when its
-- event is appended, in the same transaction, when it is cancelled, and when it has expired. One that
-- the log refuses when it is due stays for a week, with the reason.
CREATE TABLE outbox_scheduled (
  ordinal        bigint      GENERATED ALWAYS AS IDENTITY,
  not_before     timestamptz NOT NULL,
  expires_at     timestamptz,
  scheduled_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  event_id       uuid        NOT NULL PRIMARY KEY,
  occurred_at    timestamptz,
  schema_version integer     NOT NULL,
  event_type     text        NOT NULL,
  aggregate_type text        NOT NULL,
  aggregate_id   text        NOT NULL,
  source         text        NOT NULL,
  tenant         text,
  refusal        text,
  -- The optional ce_ headers.
  headers        jsonb       NOT NULL,
  payload        bytea       NOT NULL
);

CREATE INDEX outbox_scheduled_in_order ON outbox_scheduled (not_before, ordinal);
CREATE INDEX outbox_scheduled_due ON outbox_scheduled (not_before, ordinal) WHERE refusal IS NULL;
