"""Side by side with peers: each benchmark is a ratio whose two sides are measured in one run on one machine.

`python -m benchmarks` runs all of them, `python -m benchmarks B1 B4` those named.
"""
