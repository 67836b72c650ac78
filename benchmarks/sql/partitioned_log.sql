DO $$
BEGIN
    ALTER TABLE contextline.events RENAME TO events_before;
    CREATE TABLE contextline.events (LIKE contextline.events_before) PARTITION BY RANGE (position);
    ALTER TABLE contextline.events ADD PRIMARY KEY (position);
    CREATE INDEX ON contextline.events (tenant_id, stream_no, version);
    GRANT SELECT, INSERT ON contextline.events TO contextline_api;
    DROP TABLE contextline.events_before;
END $$
