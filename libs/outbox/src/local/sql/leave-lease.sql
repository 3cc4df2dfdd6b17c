UPDATE local_outbox SET owner = NULL, lease_until = NULL WHERE owner = $1::text AND term = $2::bigint
