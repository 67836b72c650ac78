"""`python -m contextline` is the same as `contextline`."""

from contextline._launch import main

main()
