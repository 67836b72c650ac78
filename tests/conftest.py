pytest_plugins = ["tests.fixtures.clock", "tests.fixtures.postgres", "tests.fixtures.store"]
