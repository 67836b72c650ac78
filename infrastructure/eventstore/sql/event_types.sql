SELECT name, type_id FROM contextline.event_types
