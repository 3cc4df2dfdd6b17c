-- Breaking: no. Effect marks know where in the log they are: versions that the log has lost are given
-- again to other events. Marks made before take over the place of the aggregate's own mark.
ALTER TABLE consumer_effect_marks
  ADD COLUMN epoch text NOT NULL DEFAULT '', ADD COLUMN position bigint NOT NULL DEFAULT 0;
UPDATE consumer_effect_marks AS m SET epoch = p.epoch, position = p.position
FROM consumer_progress AS p JOIN consumer_generations AS g USING (consumer, generation)
WHERE g.state = 'serving' AND p.consumer = m.consumer AND p.aggregate_type = m.aggregate_type
  AND p.aggregate_id = m.aggregate_id;

-- Members that live, so that each can take its fair share of the effect lanes.
CREATE TABLE consumer_effect_members (
  consumer   text COLLATE "C" NOT NULL,
  member     text        NOT NULL,
  -- A member that has not said so since is taken for gone.
  seen_until timestamptz NOT NULL,
  PRIMARY KEY (consumer, member)
);
