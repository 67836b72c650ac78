-- Of processes that did not end in order. One that lives still would only have to open anew.
DELETE FROM contextline.writers WHERE greatest(opened_at, recorded_at) < %(before)s
