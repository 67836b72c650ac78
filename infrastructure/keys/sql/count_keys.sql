SELECT count(wrapped), count(*) - count(wrapped), (SELECT count(*) FROM pending) FROM keys
