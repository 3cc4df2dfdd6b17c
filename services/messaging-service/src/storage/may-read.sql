-- Whether user $1 belongs or belonged to the conversation in $2.
WITH access AS ({access})
SELECT 1 FROM access
