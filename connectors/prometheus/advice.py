"""How to ask a Prometheus for less."""

NARROWER = (
    "Ask for fewer series: topk(10, ...), sum by (label) (...), or more label matchers.",
    "Ask for less time: a shorter window or a larger step.",
)
NATIVE_HISTOGRAMS = (
    "Native histograms were left out: only float samples are read. Use histogram_quantile, histogram_count or "
    "histogram_sum in the query to turn them into numbers."
)
