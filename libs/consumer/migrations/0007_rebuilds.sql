-- Breaking: no. Rebuilds that operators ask for: who, why, and what became of them.
ALTER TABLE consumer_generations
  ADD COLUMN begun_by text,
  ADD COLUMN reason   text,
  -- Who ended it before its end, or why it ended by itself.
  ADD COLUMN ended_by text,
  ADD COLUMN failure  text;
