"""Binary operators: arithmetic and comparison between scalars and vectors, with vector matching."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from sre.core.errors import InputError, RefusedError
from sre.core.labels import METRIC_NAME, Labels
from sre.core.promql.frames import Scalar, Vector, empty_vector, joined_rows, without_names
from sre.core.promql.nodes import COMPARISONS, BinaryNode, Matching
from sre.core.series import BoolArray, FloatArray, IntArray
from sre.core.text import quoted

_Operation: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]
_Comparison: TypeAlias = Callable[[FloatArray, FloatArray], BoolArray]

ARITHMETIC: Mapping[str, _Operation] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
_COMPARE: Mapping[str, _Comparison] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


# Far above any sensible query; below what would exhaust memory.
MAX_PAIRS = 1_000_000


def scalars(op: str, left: Scalar, right: Scalar) -> Scalar:
    """Return left op right; a comparison gives 1 or 0."""
    if op in COMPARISONS:
        return Scalar(_COMPARE[op](left.values, right.values).astype(float))
    return Scalar(ARITHMETIC[op](left.values, right.values))


def vector_and_scalar(
    node: BinaryNode, vector: Vector, scalar: Scalar, *, scalar_is_left: bool, left_open: bool
) -> Vector:
    """Return the vector combined with a scalar; a comparison without `bool` keeps the vector's own values."""
    left, right = (scalar.values, vector.values) if scalar_is_left else (vector.values, scalar.values)
    if node.op not in COMPARISONS:
        values = ARITHMETIC[node.op](left, right)
        result = Vector(vector.labels, values, vector.present)
        return joined_rows(result.nameless()) if _drops_name(node.op, left_open=left_open) else result
    kept = _COMPARE[node.op](left, right)
    if node.return_bool:
        return joined_rows(Vector(vector.labels, kept.astype(float), vector.present).nameless())
    return Vector(vector.labels, vector.values, vector.present & kept)


def vectors(node: BinaryNode, left: Vector, right: Vector, *, left_open: bool) -> Vector:
    """Return left op right, each element with its partner of the same matching labels.

    Raises:
        InputError: The matching is not unique where it has to be.
    """
    swapped = node.matching.cardinality == "one-to-many"
    many, one = (right, left) if swapped else (left, right)
    many_keys, one_keys = signatures(many.labels, node.matching), signatures(one.labels, node.matching)
    _check_one_side(many, one, one_keys, node.matching)
    many_rows, one_rows = _pairs(many_keys, one_keys)
    if len(many_rows) == 0:
        return empty_vector(left.values.shape[1])
    left_rows, right_rows = (one_rows, many_rows) if swapped else (many_rows, one_rows)
    present = left.present[left_rows] & right.present[right_rows]
    values, present = _combined(node, left.values[left_rows], right.values[right_rows], present)
    if node.matching.cardinality == "one-to-one":
        _check_single_matches([many_keys[row] for row in many_rows], present)
    drop = node.return_bool or _drops_name(node.op, left_open=left_open)
    labels = [
        _result_labels(
            many.labels[m], one.labels[o], node.matching, drop_name=_drops_name(node.op, left_open=left_open)
        )
        for m, o in zip(many_rows, one_rows, strict=True)
    ]
    if drop:
        labels = list(without_names(labels))
    return _joined_matches(Vector(tuple(labels), values, present))


def signatures(labels: Sequence[Labels], matching: Matching) -> list[Labels]:
    """Return the part of each label set that decides who its partner is."""
    if matching.on:
        return [one.only(matching.labels) for one in labels]
    return [one.without(METRIC_NAME, *matching.labels) for one in labels]


def set_operation(node: BinaryNode, left: Vector, right: Vector) -> Vector:
    """Return `and`, `or` or `unless`: elements kept by whether the other side has the same matching labels."""
    left_keys, right_keys = signatures(left.labels, node.matching), signatures(right.labels, node.matching)
    if node.op == "or":
        extra = right.present & ~_has_partner(right_keys, left_keys, left.present)
        return joined_rows(
            Vector(
                left.labels + right.labels,
                np.concatenate([left.values, right.values]),
                np.concatenate([left.present, extra]),
            )
        )
    partnered = _has_partner(left_keys, right_keys, right.present)
    return Vector(left.labels, left.values, left.present & (partnered if node.op == "and" else ~partnered))


def _has_partner(keys: list[Labels], other_keys: list[Labels], other_present: BoolArray) -> BoolArray:
    """Return for each key and step whether the other side has that key there; shape (len(keys), steps)."""
    found = np.zeros((len(keys), other_present.shape[1]), dtype=np.bool_)
    by_key: dict[Labels, BoolArray] = {}
    for row, key in enumerate(other_keys):
        by_key[key] = by_key[key] | other_present[row] if key in by_key else other_present[row]
    for row, key in enumerate(keys):
        if key in by_key:
            found[row] = by_key[key]
    return found


def _drops_name(op: str, *, left_open: bool) -> bool:
    """Return whether the result has no metric name: arithmetic drops it, in Prometheus 2 all but atan2."""
    return op in ARITHMETIC and (op != "atan2" or left_open)


def _combined(
    node: BinaryNode, left: FloatArray, right: FloatArray, present: BoolArray
) -> tuple[FloatArray, BoolArray]:
    if node.op not in COMPARISONS:
        return ARITHMETIC[node.op](left, right), present
    kept = _COMPARE[node.op](left, right)
    return (kept.astype(float), present) if node.return_bool else (left, present & kept)


def _pairs(many_keys: list[Labels], one_keys: list[Labels]) -> tuple[IntArray, IntArray]:
    """Return the row numbers of every pair with equal keys, as two arrays of shape (pairs,)."""
    rows: dict[Labels, list[int]] = {}
    for row, key in enumerate(one_keys):
        rows.setdefault(key, []).append(row)
    count = sum(len(rows.get(key, ())) for key in many_keys)
    if count > MAX_PAIRS:
        raise RefusedError(
            f"the operator would pair {count} series; the limit is {MAX_PAIRS}.",
            next_steps=("Aggregate both sides to the labels you match on first.",),
        )
    pairs = [(many, one) for many, key in enumerate(many_keys) for one in rows.get(key, ())]
    return (
        np.array([many for many, _ in pairs], dtype=np.int64),
        np.array([one for _, one in pairs], dtype=np.int64),
    )


def _check_one_side(many: Vector, one: Vector, keys: list[Labels], matching: Matching) -> None:
    """Refuse two elements of the "one" side with one key at one step (unless the other side is empty there)."""
    if len(set(keys)) == len(keys):
        return
    relevant = many.present.any(axis=0)
    by_key: dict[Labels, int] = {}
    taken: list[BoolArray] = []
    for row, key in enumerate(keys):
        slot = by_key.setdefault(key, len(taken))
        if slot == len(taken):
            taken.append(one.present[row])
        elif (taken[slot] & one.present[row] & relevant).any():
            raise _many_to_many(key, matching)
        else:
            taken[slot] = taken[slot] | one.present[row]


def _many_to_many(key: Labels, matching: Matching) -> InputError:
    side = "left" if matching.cardinality == "one-to-many" else "right"
    return InputError(
        f"many-to-many matching: the {side} side has several series for {quoted(str(key))}.",
        field="query",
        next_steps=(
            "Make that side unique, for example with `sum by (...)` over the labels you match on; "
            "or match on more labels.",
        ),
    )


def _check_single_matches(keys: list[Labels], present: BoolArray) -> None:
    """Refuse one-to-one matching where one key gives two results at one step."""
    if len(set(keys)) == len(keys):
        return
    taken: dict[Labels, BoolArray] = {}
    for row, key in enumerate(keys):
        if key in taken and (taken[key] & present[row]).any():
            raise InputError(
                f"multiple matches on the left side for {quoted(str(key))}: many-to-one matching must be explicit.",
                field="query",
                next_steps=("Add group_left (or group_right), or aggregate the left side to the labels you match on.",),
            )
        taken[key] = taken[key] | present[row] if key in taken else present[row]


def _result_labels(many: Labels, one: Labels, matching: Matching, *, drop_name: bool) -> Labels:
    labels = many.without(METRIC_NAME) if drop_name else many
    if matching.cardinality == "one-to-one":
        labels = labels.only(matching.labels) if matching.on else labels.without(*matching.labels)
    if not matching.include:
        return labels
    return Labels({**labels, **{name: one.get(name, "") for name in matching.include}})


def _joined_matches(vector: Vector) -> Vector:
    try:
        return joined_rows(vector)
    except InputError as error:
        raise InputError(
            f"multiple matches for labels: {error.message}",
            field="query",
            next_steps=("The labels of group_left or group_right must keep the results apart; drop or change them.",),
        ) from error
