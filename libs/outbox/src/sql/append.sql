-- Columns by name: connections keep the statement, and the answer's type may grow meanwhile.
SELECT unit, index, outcome, position, aggregate_version, type_sequence, previous, occurred_at,
       stored_at, epoch, event_id, event_type, aggregate_type, aggregate_id, current_version,
       condition, reply
FROM outbox_append(
  $1::boolean[], $2::integer[], $3::integer[], $4::jsonb[], $5::text[], $6::text[], $7::text[],
  $8::bytea[], $9::bytea[],
  $10::integer[], $11::integer[], $12::uuid[], $13::boolean[], $14::text[], $15::integer[],
  $16::text[], $17::text[], $18::smallint[], $19::jsonb[], $20::text[], $21::text[],
  $22::timestamptz[], $23::integer[], $24::integer[], $25::bytea)
