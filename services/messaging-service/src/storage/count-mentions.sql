-- How many of the unread messages in the conversations $2 mention user $1, counted to 1,000.
WITH access AS MATERIALIZED ({access})
SELECT count(*) AS count FROM (
  SELECT 1 FROM access CROSS JOIN LATERAL ({unread_mentions}) AS one LIMIT 1000
) AS counted
