-- What users are told. Times are texts as the log has them, which sort by time; what one commit
-- stored has one time, and is in order by its position.
CREATE TABLE notification_view (
  notification_id text COLLATE "C" PRIMARY KEY,
  user_id         text COLLATE "C" NOT NULL,
  kind            text   NOT NULL,
  title           text   NOT NULL,
  body            text   NOT NULL,
  priority        text   NOT NULL,
  actor_ids       text[] NOT NULL,
  target_type     text   NOT NULL,
  target_id       text   NOT NULL,
  source_event_id text   NOT NULL,
  data            jsonb  NOT NULL,
  stored_at       text COLLATE "C" NOT NULL,
  position        bigint NOT NULL,
  occurred_at     text   NOT NULL,
  read_at         text
);
CREATE INDEX ON notification_view (user_id, stored_at DESC, position DESC);
CREATE INDEX ON notification_view (user_id, stored_at DESC, position DESC)
  WHERE read_at IS NULL;
