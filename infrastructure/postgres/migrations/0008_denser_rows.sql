-- Fewer bytes for an event: what was measured on real agent runs (docs/decisions/0014).

-- Four bytes name two thousand million streams. The number is in each event's row and in its index.
ALTER SEQUENCE contextline.stream_numbers AS integer;
ALTER TABLE contextline.streams ALTER COLUMN stream_no TYPE integer;
ALTER TABLE contextline.events ALTER COLUMN stream_no TYPE integer;

-- Payloads are compressed already: one of 2 to 4 KiB is cheaper in its row than in slices beside it.
ALTER TABLE contextline.events SET (toast_tuple_target = 4080);

-- Most streams are raised soon after they were made, and the dead versions make room for the next ones.
ALTER TABLE contextline.streams SET (fillfactor = 100);
