-- Breaking: no. Operators may have aggregates folded anew that do not fail: parts without a version.
ALTER TABLE parked_acts DROP CONSTRAINT parked_acts_kind_check;
ALTER TABLE parked_acts ADD CONSTRAINT parked_acts_kind_check
  CHECK (kind IN ('replay', 'discard', 'refold'));
