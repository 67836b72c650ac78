"""The update rule: what a user prefers, and how sure that is, from what was observed.

The first observation proposes a value; each later one agrees with the value or speaks for another. With a agreeing and
c contrary ones after the first, confidence is (a + 1) / (a + c + 2): the mean of the Beta(a + 1, c + 1) distribution
that the uniform prior Beta(1, 1) becomes, which is Laplace's rule of succession (P. S. Laplace, Essai philosophique sur
les probabilités, 1814; A. Gelman et al., Bayesian Data Analysis, section 2.1). The first observation is not counted as
evidence for what it proposed itself, so confidence starts at 1/2. With n observations of the value among N in all it is

    confidence = n / (N + 1)

which lies strictly between 0 and 1, rises with each agreeing and falls with each contrary observation, and does not
depend on their order. The value that holds is the one observed most; another takes its place when it was observed more
often, not when it has only drawn level.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.values import Json, equal

MAX_CANDIDATES = 8
"""Values of one preference that are counted. A ninth takes the place of the least observed one, the longest unseen of
those; what is forgotten so stays in N, and begins at 1 when it is seen again."""

EXPLICIT_CONFIDENCE = 1.0
"""Of what the user said, whatever was observed."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A value, how often it was observed, and when last."""

    value: Json
    observations: int
    last_observed: datetime


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What was observed of one preference. The first candidate is the one that holds."""

    candidates: tuple[Candidate, ...] = ()
    observations: int = 0

    @property
    def confidence(self) -> float:
        """That the first candidate is what the user prefers; 0 where nothing was observed."""
        return self.candidates[0].observations / (self.observations + 1) if self.candidates else 0.0

    @property
    def last_observed(self) -> datetime | None:
        """When anything was observed last."""
        return max((candidate.last_observed for candidate in self.candidates), default=None)


NOTHING = Learned()


def observe(learned: Learned, value: Json, at: datetime) -> Learned:
    """What is known after one more observation."""
    seen = next((candidate for candidate in learned.candidates if equal(candidate.value, value)), None)
    others = [candidate for candidate in learned.candidates if candidate is not seen]
    if seen is None and len(others) == MAX_CANDIDATES:
        others.remove(min(others[1:], key=lambda candidate: (candidate.observations, candidate.last_observed)))
    # As it was written first: 1 and 1.0 are the same preference.
    newest = Candidate(
        value=seen.value if seen else value, observations=seen.observations + 1 if seen else 1, last_observed=at
    )
    held = seen is not None and seen is learned.candidates[0]
    if held or not others or newest.observations > others[0].observations:
        candidates = (newest, *others)
    else:
        candidates = (*others, newest)
    return Learned(candidates=candidates, observations=learned.observations + 1)
