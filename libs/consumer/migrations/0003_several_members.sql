-- Breaking: no. A generation that has ended keeps its rows for a moment, for members that still read
-- them; purged_at says that everything of it is gone.
ALTER TABLE consumer_generations ADD COLUMN retired_at timestamptz, ADD COLUMN purged_at timestamptz;
