-- Appends take turns. Held to the end of the transaction, after it has become visible, so that positions rise in commit
-- order and a reader that has seen one never finds a new event below it. The key spells "ctxline".
SELECT pg_advisory_xact_lock(28003034857104997)
