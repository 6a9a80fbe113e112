"""Which distance of points suits a window."""

from sre.core.times import Duration, Window

# Steps people read easily on a time axis: seconds, minutes, hours, a day.
FRIENDLY_STEPS_SECONDS = (
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400,
)  # fmt: skip
# Our choice: enough to see a shape of 1/50 of the window, few enough for thousands of series.
DEFAULT_POINTS = 250
# An instant looks back so far for a sample (Prometheus' default); points further apart could miss all samples.
_LOOKBACK_SECONDS = 300
# Scrapes jitter by some milliseconds: samples 15.004 s apart suit points 15 s apart.
_JITTER_RATIO = 0.9


def default_step(window: Window, *, points: int = DEFAULT_POINTS, sample_spacing: Duration | None = None) -> Duration:
    """Return the smallest friendly step that covers the window with at most `points` distances.

    Beyond a day the step is a whole number of days.

    Args:
        sample_spacing: Usual distance of the samples, where known: finer points would only repeat them.
    """
    wanted = window.seconds / points
    if sample_spacing is not None:
        wanted = max(wanted, _spacing_step(window, sample_spacing))
    for step in FRIENDLY_STEPS_SECONDS:
        if step >= wanted:
            return Duration(float(step))
    day = FRIENDLY_STEPS_SECONDS[-1]
    return Duration(float(-(-wanted // day) * day))


def _spacing_step(window: Window, spacing: Duration) -> int:
    """Return the friendly step of samples, which misses none of them and is not longer than the window."""
    longest = min(window.seconds, _LOOKBACK_SECONDS)
    usable = [step for step in FRIENDLY_STEPS_SECONDS if step <= longest] or [FRIENDLY_STEPS_SECONDS[0]]
    return next((step for step in usable if step >= _JITTER_RATIO * spacing.seconds), usable[-1])
