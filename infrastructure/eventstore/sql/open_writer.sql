-- Under the append lock: whatever an earlier connection of this writer had sent has ended by now, or finds itself
-- superseded by the epoch when it comes to its turn.
INSERT INTO contextline.writers AS w (writer_id, epoch, opened_at) VALUES (%(writer_id)s, 1, %(now)s)
ON CONFLICT (writer_id) DO UPDATE SET epoch = w.epoch + 1, opened_at = excluded.opened_at
RETURNING epoch, batch, before, recorded_at, earlier_batch, earlier_before, earlier_recorded_at
