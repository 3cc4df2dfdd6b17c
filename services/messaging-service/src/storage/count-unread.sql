-- How many messages user $1 has not read in all of the conversations $2, counted to 1,000.
WITH access AS MATERIALIZED ({access})
SELECT count(*) AS count FROM (
  SELECT 1 FROM access CROSS JOIN LATERAL ({unread_messages}) AS one LIMIT 1000
) AS counted
