"""Which distance of points suits a window."""

from sre.core.times import Duration, Window

# Steps people read easily on a time axis: seconds, minutes, hours, a day.
FRIENDLY_STEPS_SECONDS = (
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400,
)  # fmt: skip
# Our choice: enough to see a shape of 1/50 of the window, few enough for thousands of series.
DEFAULT_POINTS = 250


def default_step(window: Window, *, points: int = DEFAULT_POINTS) -> Duration:
    """Return the smallest friendly step that covers the window with at most `points` distances.

    Beyond a day the step is a whole number of days.
    """
    wanted = window.seconds / points
    for step in FRIENDLY_STEPS_SECONDS:
        if step >= wanted:
            return Duration(float(step))
    day = FRIENDLY_STEPS_SECONDS[-1]
    return Duration(float(-(-wanted // day) * day))
