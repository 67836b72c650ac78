-- The plans of `append` are made when the tables are small, and kept: they must not be made of whole scans.
SELECT set_config('enable_seqscan', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false)
