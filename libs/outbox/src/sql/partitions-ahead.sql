-- Makes the next partition while at least $1 positions are left; looks first, because making takes
-- the log's lock.
SELECT CASE WHEN partition_end <= last_position + $1::bigint
            THEN outbox_ensure_partitions(last_position + $1::bigint)
            ELSE partition_end END AS partition_end
FROM outbox_log
