-- Which of these aggregates are parked.
SELECT p.aggregate_type, p.aggregate_id
FROM unnest($1::text[], $2::text[]) AS w(type, id)
JOIN local_outbox_parked AS p ON p.aggregate_type = w.type AND p.aggregate_id = w.id
