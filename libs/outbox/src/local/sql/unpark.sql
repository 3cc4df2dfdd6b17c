DELETE FROM local_outbox_parked WHERE aggregate_type = $1::text AND aggregate_id = $2::text
