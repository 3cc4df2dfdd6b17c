SELECT appended_id::text, appended_version FROM local_outbox_append(
  $1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[], $7::integer[],
  $8::integer[], $9::bytea)
