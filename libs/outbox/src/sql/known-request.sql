SELECT * FROM outbox_known_request(0, $1::text, $2::text, $3::text, $4::bytea, clock_timestamp())
