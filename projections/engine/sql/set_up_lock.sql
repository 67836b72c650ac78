-- Processes that start at once make a version's tables one after the other.
SELECT pg_advisory_xact_lock(28003034857104999)
