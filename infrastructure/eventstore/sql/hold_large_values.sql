SELECT contextline.hold_large_values($1, $2)
