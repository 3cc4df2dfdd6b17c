-- $1 relay, $2 milliseconds that it may stay silent. Forgets relays that are long gone.
WITH gone AS (
  DELETE FROM outbox_relays
  WHERE seen_until < clock_timestamp() - interval '1 minute' AND relay_id <> $1
), here AS (
  INSERT INTO outbox_relays (relay_id, seen_until)
  VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')
  ON CONFLICT (relay_id) DO UPDATE SET seen_until = excluded.seen_until
)
SELECT count(*) AS others FROM outbox_relays
WHERE relay_id <> $1 AND seen_until > clock_timestamp()
