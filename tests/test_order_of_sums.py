"""Sums are taken in another order only where no terms can cancel that way."""

import pytest
from equation_samples import equations

BIG = 2.0**60
CANCELLING = [
    ("(x + p) - p", {"p": BIG}),
    ("(x - p) + p", {"p": BIG}),
    ("(x + p) - q", {"p": BIG, "q": BIG}),
    ("p + (x - q)", {"p": BIG, "q": BIG}),
    ("(y + x) - y", {"y": BIG}),
]


@pytest.mark.parametrize(("expression", "values"), CANCELLING)
def test_terms_that_cancel_are_added_as_they_are_written(expression, values):
    """What is small vanishes in what is big, where the function itself lets it vanish."""
    given = {"x": 0.7, "y": -1.3, "p": 2.5, "q": 0.3, "tau": 1.0, **values}
    (found,) = equations(expression).exactly(equations(expression).derivatives, given)
    expected = eval(expression, dict(given))
    small = 4.0 * abs(expected - 0.7) + 1e-12  # the other terms are 0 times states and parameters
    assert expected != 0.7
    assert abs(found - expected) < small / 8


def test_constants_at_the_beginning_are_added_first():
    both = equations("p + q + x")
    (root,) = both.derivatives
    assert any(
        each[0] == "+" and both.is_constant(index) for index, each in enumerate(both.nodes)
    ), root
