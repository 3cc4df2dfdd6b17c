-- The end of the log and the epoch of what comes next. Positions at or below are committed.
SELECT last_position AS position, epoch FROM outbox_log
