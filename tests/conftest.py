from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures.clock", "tests.fixtures.postgres", "tests.fixtures.store"]

# How long an example takes tells of the machine, not of what is tested.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
