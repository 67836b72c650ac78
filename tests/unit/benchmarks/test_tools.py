import pytest

from benchmarks import pgbench, wrk
from benchmarks.harness import BenchmarkError

PGBENCH = """\
transaction type: script.sql
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 2
duration: 5 s
number of transactions actually processed: 68103
number of failed transactions: 0 (0.000%)
latency average = 0.587 ms
initial connection time = 9.113 ms
tps = 13642.871203 (without initial connection time)
"""

WRK = """\
Running 5s test @ http://127.0.0.1:3100/api/context/get?key=bench
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    10.92ms    1.21ms  40.11ms   93.05%
    Req/Sec     5.89k   312.07     6.21k    88.00%
  Latency Distribution
     50%  640.00us
     75%   11.04ms
     90%   11.56ms
     99%    1.03s
  29312 requests in 5.00s, 70.41MB read
{more}Requests/sec:   5859.80
Transfer/sec:     14.08MB
"""


def test_the_rate_of_pgbench_is_the_one_without_connecting() -> None:
    assert pgbench.read_rate(PGBENCH) == 13642.871203


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (PGBENCH.replace("failed transactions: 0", "failed transactions: 3"), "3 transactions"),
        ("", "nothing that could"),
    ],
)
def test_pgbench_with_failures_or_without_a_figure_is_an_error(output: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        pgbench.read_rate(output)


def test_the_log_of_pgbench_has_microseconds() -> None:
    assert pgbench.read_log("0 199 2241 0 1175850568 995598\n1 7 560 0 1175850568 998079\n") == [2.241, 0.56]


def test_the_figures_of_wrk_are_read_with_their_units() -> None:
    sample = wrk.read(WRK.format(more=""), 64, 5)
    assert (sample.value, sample.p50, sample.p99) == (5859.80, 0.64, 1030.0)
    assert sample.raw["requests"] == 29312


def test_wrk_may_fill_its_columns_with_blanks() -> None:
    assert wrk.read(WRK.format(more="").replace("1.03s", "1.05s "), 64, 5).p99 == 1050.0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("  Non-2xx or 3xx responses: 12\n", "12 answers were errors"),
        ("  Socket errors: connect 0, read 3, write 0, timeout 0\n", "connections broke"),
    ],
)
def test_answers_that_are_no_good_are_an_error(more: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        wrk.read(WRK.format(more=more), 64, 5)


def test_wrk_without_a_figure_is_an_error() -> None:
    with pytest.raises(BenchmarkError, match="nothing that could be read"):
        wrk.read("unable to connect", 64, 5)
