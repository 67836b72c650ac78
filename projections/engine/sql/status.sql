SELECT p.name, p.version, p.live, p.position, p.looked_at, p.error, l.owner,
    (SELECT recorded_at FROM contextline.events WHERE position > p.position ORDER BY position LIMIT 1) AS waiting_since,
    coalesce((SELECT position FROM contextline.events ORDER BY position DESC LIMIT 1), 0) AS log_end
FROM contextline.projections AS p
LEFT JOIN contextline.projection_leases AS l USING (name, version)
ORDER BY p.name, p.version
