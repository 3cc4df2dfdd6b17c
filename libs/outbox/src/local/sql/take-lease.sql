UPDATE local_outbox
SET owner = $1::text, term = term + CASE WHEN owner IS NOT DISTINCT FROM $1::text THEN 0 ELSE 1 END,
    lease_until = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
WHERE owner IS NULL OR owner = $1::text OR lease_until < clock_timestamp()
  -- Nobody takes one that ends so late: the clock was put back since.
  OR lease_until > clock_timestamp() + 3 * make_interval(secs => $2::double precision / 1000)
RETURNING term, done::text, open::text, after_id, log_position,
          pg_postmaster_start_time()::text AS server
