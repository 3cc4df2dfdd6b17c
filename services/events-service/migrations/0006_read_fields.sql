-- Breaking: no. The properties that a consumer reads, by event type, as it says itself.
ALTER TABLE consumers ADD COLUMN fields jsonb NOT NULL DEFAULT '{}';
