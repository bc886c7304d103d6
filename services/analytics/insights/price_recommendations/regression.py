"""Poisson regression with robust standard errors, for few regressors, in plain Python.

Weekly sales are counts with many zeros, which a logarithm cannot take; Poisson's likelihood estimates the same elasticity
with them, whatever their spread, and the errors allow for spread and for weeks that resemble those before (Wooldridge,
Econometric Analysis of Cross Section and Panel Data, 18.2; Newey and West, Econometrica 55, 1987).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

Matrix = list[list[float]]

_ROUNDS = 50
_PRECISION = 1e-9
_LARGEST = 30.0
_LAGS = 4


class NotEstimable(Exception):
    """The data do not tell the regressors apart, or the estimate does not settle."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients, each with its robust standard error."""

    coefficients: list[float]
    errors: list[float]


def poisson(rows: Sequence[Sequence[float]], counts: Sequence[float]) -> Fit:
    """Fit log E[count] = row · coefficients; rows in order of time, the first member of each is 1.

    Raises:
        NotEstimable: there is no single best fit.
    """
    width = len(rows[0])
    mean = sum(counts) / len(counts)
    if mean <= 0 or len(rows) <= width:
        raise NotEstimable
    b = [log(mean)] + [0.0] * (width - 1)
    for _ in range(_ROUNDS):
        expected = [_expected(row, b) for row in rows]
        gradient = [
            sum(row[i] * (y - m) for row, y, m in zip(rows, counts, expected, strict=True))
            for i in range(width)
        ]
        step = solve(_information(rows, expected), gradient)
        # No step further than this: from a poor start a full one may lead nowhere.
        largest = max(abs(part) for part in step)
        scale = min(1.0, 2.0 / largest) if largest > 0 else 1.0
        b = [value + scale * part for value, part in zip(b, step, strict=True)]
        if largest < _PRECISION:
            break
    else:
        raise NotEstimable
    expected = [_expected(row, b) for row in rows]
    bread = inverse(_information(rows, expected))
    meat = _long_run([[x * (y - m) for x in row] for row, y, m in zip(rows, counts, expected, strict=True)])
    small = len(rows) / (len(rows) - width)
    variance = _product(_product(bread, meat), bread)
    return Fit(b, [sqrt(max(variance[i][i] * small, 0.0)) for i in range(width)])


def _expected(row: Sequence[float], b: Sequence[float]) -> float:
    place = sum(x * c for x, c in zip(row, b, strict=True))
    return exp(min(max(place, -_LARGEST), _LARGEST))


def _information(rows: Sequence[Sequence[float]], expected: Sequence[float]) -> Matrix:
    width = range(len(rows[0]))
    return [
        [sum(row[i] * row[j] * m for row, m in zip(rows, expected, strict=True)) for j in width]
        for i in width
    ]


def _long_run(scores: Matrix) -> Matrix:
    """The variance of a sum of scores that may hang on those up to `_LAGS` before them."""
    width = range(len(scores[0]))
    found = [[sum(score[i] * score[j] for score in scores) for j in width] for i in width]
    for lag in range(1, min(_LAGS, len(scores) - 1) + 1):
        weight = 1 - lag / (_LAGS + 1)
        for now, before in zip(scores[lag:], scores, strict=False):
            for i in width:
                for j in width:
                    found[i][j] += weight * (now[i] * before[j] + before[i] * now[j])
    return found


def solve(matrix: Matrix, right: Sequence[float]) -> list[float]:
    """The solution of a system of linear equations, by elimination with pivoting.

    Raises:
        NotEstimable: it has none, or many.
    """
    size = len(matrix)
    a = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(a[row][column]))
        # A regressor that the others make up leaves nothing of itself.
        if abs(a[pivot][column]) <= 1e-10 * max(abs(matrix[column][column]), 1e-12):
            raise NotEstimable
        a[column], a[pivot] = a[pivot], a[column]
        for row in range(column + 1, size):
            factor = a[row][column] / a[column][column]
            for k in range(column, size + 1):
                a[row][k] -= factor * a[column][k]
    found = [0.0] * size
    for row in reversed(range(size)):
        rest = sum(a[row][k] * found[k] for k in range(row + 1, size))
        found[row] = (a[row][size] - rest) / a[row][row]
    return found


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a symmetric matrix.

    Raises:
        NotEstimable: it has none.
    """
    size = len(matrix)
    return [solve(matrix, [1.0 if i == j else 0.0 for j in range(size)]) for i in range(size)]


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in left]
