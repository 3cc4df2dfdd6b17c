-- Expired answers, at most $1, by the index outbox_requests_by_expiry. The second look at expires_at
-- spares a key that is stored anew at this moment.
WITH purged AS (
  DELETE FROM outbox_requests AS r
  USING (
    SELECT principal, method, request_id FROM outbox_requests
    WHERE expires_at <= clock_timestamp()
    ORDER BY expires_at
    LIMIT $1
  ) AS old
  WHERE r.principal = old.principal AND r.method = old.method AND r.request_id = old.request_id
    AND r.expires_at <= clock_timestamp()
  RETURNING 1
)
SELECT count(*) AS purged FROM purged
