-- Epochs, oldest first. An event belongs to the last one that begins at or below its position.
SELECT epoch, first_position AS "firstPosition" FROM outbox_epochs ORDER BY first_position, ordinal
