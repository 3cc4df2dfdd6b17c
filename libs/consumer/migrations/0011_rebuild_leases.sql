-- Breaking: no. Who works on a rebuild, and until when nobody else may: one whose process has died is
-- taken up again by any member.
ALTER TABLE consumer_generations
  ADD COLUMN taken_by      text,
  ADD COLUMN taken_until   timestamptz,
  -- Takes since it last got on, from where on: one that kills whoever takes it comes to an end.
  ADD COLUMN takes         integer NOT NULL DEFAULT 0,
  ADD COLUMN taken_from    bigint  NOT NULL DEFAULT 0;
