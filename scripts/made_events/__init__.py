"""Made events that look like what agents store, to train the shipped dictionary on. No person's text is in them."""
