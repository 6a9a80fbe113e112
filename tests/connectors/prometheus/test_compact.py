"""The quick way to read a range answer agrees with the slow one, or leaves it the work."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.prometheus.compact import read_compact
from connectors.prometheus.matrix import read_matrix

USUAL = '{"status":"success","data":{"resultType":"matrix","result":[%s]},"warnings":["w"]}'
NAMES = st.text(st.sampled_from('abc_é"\\]}[{,:\n\u2028😀'), min_size=1, max_size=12)
SAMPLES = st.lists(st.tuples(st.integers(0, 2**40), st.floats()), min_size=1, max_size=8)


def spelt(value: float) -> str:
    """Return a sample value as Go's strconv does."""
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN" if math.isnan(value) else repr(value))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.dictionaries(NAMES, NAMES, max_size=3), SAMPLES), max_size=5))
def test_both_ways_read_the_same(series: list[tuple[dict[str, str], list[tuple[int, float]]]]) -> None:
    """Our choice: an invariant; white space sends the same document the slow way."""
    result = [
        {"metric": metric, "values": [[ms / 1000, spelt(value)] for ms, value in samples]} for metric, samples in series
    ]
    document = {"status": "success", "data": {"resultType": "matrix", "result": result}, "warnings": ["w"]}
    usual = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    assert read_compact(bytearray(usual)) is not None
    quick, slow = read_matrix(bytearray(usual)), read_matrix(bytearray(json.dumps(document, indent=1).encode()))
    assert quick.labels == slow.labels
    assert quick.warnings == slow.warnings == ("w",)
    np.testing.assert_array_equal(quick.counts, slow.counts)
    np.testing.assert_array_equal(quick.timestamps_ms, slow.timestamps_ms)
    np.testing.assert_array_equal(quick.values, slow.values)


@pytest.mark.parametrize(
    "result",
    [
        '{"metric":{},"values":[[1,"true"]]}',
        '{"metric":{},"values":[[1,"null"]]}',
        '{"metric":{},"values":[[1,"2"],[3]]}',
        '{"metric":{},"values":[[1,"2",3,"4"]]}',
        '{"metric":{},"values":[[1,"2"],[]]}',
        '{"metric":{},"values":[[1,""]]}',
        '{"metric":{},"values":[[1,"0x10"]]}',
        '{"metric":{},"values":[[1,"1 2"]]}',
        '{"metric":{"a":1},"values":[[1,"2"]]}',
        '{"metric":{},"values":[[1,"2"]]}{"metric":{},"values":[[1,"2"]]}',
        '{"metric":{},"values":[[1,"2"]]},',
        '{"metric":{},"values":[[1,"2"]]',
        '{"metric":{},"values":[[1,"2"]],"histograms":[]}',
        '{"metric":{},"values":[]}',
        '{"values":[[1,"2"]],"metric":{}}',
        '{"metric":{},"other":1,"values":[[1,"2"]]}',
        '{"metric":{},"values": [[1,"2"]]}',
    ],
)
def test_what_is_spelt_in_another_way_is_left_to_the_decoder(result: str) -> None:
    """Our choice: the quick way never decides what is wrong."""
    assert read_compact(bytearray((USUAL % result).encode())) is None
