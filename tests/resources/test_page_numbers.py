"""Every number in the handbook's tables that can be computed is computed again here, from its definition."""

import math
from fractions import Fraction

import pytest

from prompts.incident_responder import INCIDENT_RESPONDER
from resources.pages import template_text, topic_text
from sre.core.slo.tiers import default_tiers
from sre.slo.policy import default_policy
from tests.support.markdown_pages import is_rounding_of, number, says, seconds, table

DAY = 86400
THIRTY_DAYS = 30 * DAY


def test_allowed_downtime_is_the_budget_times_the_period_exactly() -> None:
    """source: arithmetic; SRE book ch. 3 prints the same table for 30 and 365 days."""
    rows = table(topic_text("fundamentals"), "Objective", "per 1 d")
    periods = [seconds(column.removeprefix("per ")) for column in rows.columns[1:]]
    assert periods == [DAY, 7 * DAY, THIRTY_DAYS, 90 * DAY, 365 * DAY]
    for objective, *cells in rows.rows:
        allowed = [(1 - number(objective)) * period for period in periods]
        assert [seconds(cell) for cell in cells] == allowed, objective


def test_three_nines_over_thirty_days_is_43_minutes_12_seconds_wherever_it_is_said() -> None:
    """source: 0.001 x 30 x 24 x 60 min = 43.2 min."""
    assert Fraction(1, 1000) * THIRTY_DAYS == 43 * 60 + 12
    assert says(topic_text("fundamentals"), "43 min 12 s")
    assert says(template_text("slo-document"), "43 min 12 s")
    assert says(topic_text("chaos-engineering"), "43.2 min")


def test_worked_budget_example_adds_up() -> None:
    """source: budget = (1 - objective) x events; remaining minutes = remaining share of 43.2 min."""
    rows = dict(table(topic_text("fundamentals"), "Figure", "Value").rows)
    total, bad, budget_ratio = 8_640_000, 3_456, Fraction(1, 1000)
    budget = budget_ratio * total
    assert number(rows["budget"]) == budget
    assert number(rows["SLI"]) == 1 - Fraction(bad, total)
    assert number(rows["consumed"]) == bad / budget
    assert number(rows["remaining"]) == 1 - bad / budget
    minutes = (1 - bad / budget) * budget_ratio * THIRTY_DAYS / 60
    assert number(rows["remaining, as minutes of full outage"]) == minutes


def test_dependency_table_multiplies_availability_in_series_and_failure_in_parallel() -> None:
    """source: Trivedi (2001), ch. 1."""
    for arrangement, part, result in table(topic_text("fundamentals"), "Arrangement", "Each part").rows:
        count, share = int(arrangement.split()[0]), number(part)
        exact = share**count if "series" in arrangement else 1 - (1 - share) ** count
        assert is_rounding_of(result, float(exact)), arrangement


def test_budget_policy_on_the_page_is_the_policy_the_tool_applies() -> None:
    """our choice: design, section 4; the page and the table behind the tool must not drift apart."""
    rows = table(topic_text("fundamentals"), "Budget left", "Level", "Rule").rows
    levels = default_policy()
    assert [row[1] for row in rows] == [level.level for level in levels]
    bounds = [level.above_ratio for level in levels]
    assert bounds == [0.5, 0.2, 0.0, None]
    assert number(rows[0][0]) == Fraction(1, 2)
    assert rows[1][0] == "20 % to 50 %"
    assert number(rows[2][0]) == Fraction(1, 5)
    assert ["freeze" in row[2] or "all hands" in row[2] for row in rows] == [not lvl.allows_deploys for lvl in levels]


@pytest.mark.parametrize("text", [topic_text("monitoring"), template_text("slo-document")], ids=["page", "template"])
def test_burn_rate_tiers_are_those_the_tool_uses(text: str) -> None:
    """source: Site Reliability Workbook, ch. 5: factor = share x period / long window."""
    rows = table(text, "Severity").rows if "SLO:" in text else table(text, "Severity", "Factor").rows
    assert len(rows) == len(default_tiers()) == 4
    for row, tier in zip(rows, default_tiers(), strict=True):
        factor = number(row[1])
        assert row[0] == tier.severity
        assert (seconds(row[2]), seconds(row[3])) == (tier.long_seconds, tier.short_seconds)
        assert float(factor) == pytest.approx(tier.budget_share * THIRTY_DAYS / tier.long_seconds, rel=1e-12)


def test_budget_spent_and_time_to_exhaustion_follow_from_the_factor() -> None:
    """source: Site Reliability Workbook, ch. 5."""
    page = topic_text("monitoring")
    for row in table(page, "Severity", "Factor").rows:
        factor, long_window = number(row[1]), seconds(row[2])
        assert number(row[4]) == factor * long_window / THIRTY_DAYS
        assert seconds(row[5]) == THIRTY_DAYS / factor
    assert says(page, "For 28 d the first is 13.44, for 7 d it is 3.36")
    assert Fraction(2, 100) * 28 * 24 == Fraction("13.44")
    assert Fraction(2, 100) * 7 * 24 == Fraction("3.36")


def test_detection_delay_table_is_factor_times_budget_times_window_over_error_ratio() -> None:
    """source: Site Reliability Workbook, ch. 5, detection time."""
    rows = table(topic_text("monitoring"), "Error ratio")
    tiers = [(number(column), seconds(column.split("over ")[1])) for column in rows.columns[1:]]
    for error_text, *cells in rows.rows:
        for (factor, window), cell in zip(tiers, cells, strict=True):
            delay = factor * Fraction(1, 1000) * window / number(error_text)
            assert (cell == "never") if delay > window else (seconds(cell) == delay), (error_text, cell)


def test_low_traffic_bound_is_where_one_failure_stops_paging() -> None:
    """source: 1 / n < 14.4 x 0.001 from n = 70."""
    page = topic_text("monitoring")
    bound = Fraction("14.4") / 1000
    assert Fraction(1, 70) < bound < Fraction(1, 69)
    assert says(page, "from 70 requests an hour upward")
    assert says(page, "1.67 %")
    assert is_rounding_of("1.67 %", 1 / 60)
    assert says(page, "288,000 series")
    assert 20 * 5 * 8 * 12 * 30 == 288_000


def test_littles_law_answers_are_rate_times_time() -> None:
    """source: Little (1961)."""
    rows = table(topic_text("capacity-planning"), "Question", "Given").rows
    expected = {
        "how many requests are in flight?": Fraction(200) * Fraction("0.25"),
        "what can a pool of 20 connections serve?": 20 / Fraction("0.04"),
        "the same pool when the query slows down": 20 / Fraction("0.2"),
        "how many workers for a rate?": 160 * Fraction("0.4"),
        "how long is the wait behind a queue?": Fraction(3000, 150),
    }
    assert {question: number(answer) for question, _, answer in rows} == expected


def test_headroom_for_the_loss_of_a_zone() -> None:
    """source: survivors of k zones take k / (k - 1) of their load and must stay at or under 80 %."""
    for zones, extra, use in table(topic_text("capacity-planning"), "Zones").rows:
        k = int(zones)
        assert is_rounding_of(extra, 1 / (k - 1))
        assert is_rounding_of(use, 0.8 * (k - 1) / k)


def test_n_plus_two_use_at_peak() -> None:
    """source: SRE book, appendix B (N+2)."""
    for needed, owned, use in table(topic_text("capacity-planning"), "Units needed at peak").rows:
        assert int(owned) == int(needed) + 2
        assert is_rounding_of(use, int(needed) / int(owned))


def test_months_left_under_compound_growth() -> None:
    """source: ln(0.8 / use) / ln(1 + g); doubling at ln 2 / ln(1 + g)."""
    rows = table(topic_text("capacity-planning"), "Growth a month")
    uses = [float(number(column)) for column in rows.columns[2:]]
    assert uses == [0.4, 0.5, 0.6, 0.7]
    for growth, doubling, *months in rows.rows:
        rate = math.log1p(float(number(growth)))
        assert is_rounding_of(doubling, math.log(2) / rate)
        assert all(is_rounding_of(m, math.log(0.8 / use) / rate) for m, use in zip(months, uses, strict=True))


def test_order_date_example_and_retry_amplification() -> None:
    """source: SRE book, ch. 22: attempts multiply per layer, 4 attempts over 3 layers are 64."""
    page = topic_text("capacity-planning")
    assert says(page, "within 26 d")
    assert says(page, "been 61 d")
    assert (85 - 45 - 14, 120 - 45 - 14) == (26, 61)
    for attempts, layers, requests in table(page, "Attempts each layer").rows:
        assert int(attempts) ** int(layers) == int(requests)


def test_samples_for_a_quantile_leave_ten_beyond_it() -> None:
    """our choice: ten samples beyond the quantile."""
    for quantile, samples in table(topic_text("performance"), "Quantile", "Samples").rows:
        beyond = 1 - Fraction(quantile.removeprefix("p")) / 100
        assert number(samples) * beyond == 10


def test_fan_out_share_of_slow_requests() -> None:
    """source: Dean and Barroso (2013): 100 calls at 1 % slow make 63 % of requests slow."""
    for calls, share in table(topic_text("performance"), "Backend calls").rows:
        assert is_rounding_of(share, 1 - 0.99 ** int(calls))


def test_time_in_system_of_the_single_queue() -> None:
    """source: Kleinrock (1975), M/M/1: 1 / (1 - u) service times."""
    page = topic_text("performance")
    for use, times in table(page, "Utilisation").rows:
        assert is_rounding_of(times, 1 / (1 - float(number(use))))
    assert says(page, "12.5 % more")
    assert Fraction(90, 80) - 1 == Fraction("0.125")


def test_scalability_example_peaks_where_the_law_says() -> None:
    """source: Gunther (2007): C(N) = N / (1 + a (N - 1) + b N (N - 1)), peak at sqrt((1 - a) / b)."""
    page, a, b = topic_text("performance"), 0.05, 0.0005
    for workers, speed_up in table(page, "Workers").rows:
        n = int(workers)
        assert is_rounding_of(speed_up, n / (1 + a * (n - 1) + b * n * (n - 1)))
    assert says(page, "43.6 workers")
    assert is_rounding_of("43.6", math.sqrt((1 - a) / b))
    assert says(page, "ceiling of 20")
    assert 1 / a == pytest.approx(20)


def test_cache_table_weighs_hits_and_misses() -> None:
    """source: mean of 1 ms and 50 ms weighted by hit share."""
    for hit_text, mean, load in table(topic_text("performance"), "Hit share").rows:
        hit = number(hit_text)
        assert number(mean) == hit * 1 + (1 - hit) * 50
        assert number(load) == 1 - hit


def test_coordinated_omission_example_by_counting_requests() -> None:
    """source: Tene (2015); recomputed request by request."""
    page = topic_text("performance")
    closed = [0.001] * 10_000 + [100.0]
    users = sorted([0.001] * 10_000 + [100.0 - 0.01 * i for i in range(10_000)])
    assert says(page, "10,001 samples, p99 of 1 ms and a mean of 11 ms")
    assert (len(closed), sorted(closed)[int(0.99 * len(closed))]) == (10_001, 0.001)
    assert is_rounding_of("11", 1000 * sum(closed) / len(closed))
    assert says(page, "mean of 25 s and a p99 of 98 s")
    assert is_rounding_of("25", sum(users) / len(users))
    assert is_rounding_of("98", users[int(0.99 * len(users))])


def test_cost_of_an_experiment_in_budget() -> None:
    """source: users x failing share x minutes, over 43.2 min."""
    rows = table(topic_text("chaos-engineering"), "Users hit").rows
    for users, failing, minutes, outage, share in rows:
        exact = number(users) * number(failing) * number(minutes)
        assert number(outage) == exact
        assert is_rounding_of(share, float(exact / Fraction("43.2")))
    over_limit = [number(row[4]) > Fraction(5, 100) for row in rows]
    assert over_limit == [False, False, False, True]


def test_chance_of_a_mean_that_improves_by_itself() -> None:
    """source: two means of n exponential times; X / (X + Y) is Beta(n, n), whose distribution is a binomial tail."""
    for count, interval, chance in table(topic_text("sre-metrics"), "Incidents in each period").rows:
        n, cut = int(count), Fraction(9, 19)
        tail = sum(math.comb(2 * n - 1, k) * cut**k * (1 - cut) ** (2 * n - 1 - k) for k in range(n, 2 * n))
        assert is_rounding_of(chance, float(tail))
        assert is_rounding_of(interval, 1.96 / math.sqrt(n))


def test_clean_events_needed_for_a_claim() -> None:
    """source: smallest n with objective**n <= 0.05 (Hanley and Lippman-Hand 1983)."""
    for objective, events in table(topic_text("sre-metrics"), "Objective", "Clean events needed").rows:
        ratio, n = float(number(objective)), int(number(events))
        assert ratio**n <= 0.05 < ratio ** (n - 1)


def test_availability_and_alert_quality_examples() -> None:
    """source: MTBF / (MTBF + MTTR); precision and recall."""
    page = topic_text("sre-metrics")
    assert says(page, "99.9001 %")
    assert is_rounding_of("99.9001 %", 720 / 720.72)
    assert says(page, "Precision 75 %, recall 93.75 %")
    assert (Fraction(30, 40), Fraction(30, 32)) == (Fraction("0.75"), Fraction("0.9375"))


def test_pay_back_weeks() -> None:
    """source: hours to build over weekly hours saved less upkeep."""
    page = topic_text("toil")
    for _, minutes, times, share, upkeep, build, weeks in table(page, "Task").rows:
        saved = number(minutes) / 60 * number(times) * number(share) - number(upkeep)
        assert is_rounding_of(weeks, float(number(build) / saved))
    assert says(page, "doubles in 11.9 months")
    assert is_rounding_of("11.9", math.log(2) / math.log(1.06))
    assert (Fraction(66, 5 * 40), Fraction(66, 3 * 40)) == (Fraction("0.33"), Fraction("0.55"))


def test_severity_targets_are_the_same_wherever_they_stand() -> None:
    """our choice: design, section 4."""
    targets = {
        "P0": ("at once", "30 min"),
        "P1": ("15 min", "2 h"),
        "P2": ("1 h", "one business day"),
        "P3": ("next business day", "next sprint"),
    }
    for text in (topic_text("incident-management"), INCIDENT_RESPONDER.rendered()):
        rows = table(text, "Severity", "Facts", "Respond", "Repair").rows
        assert {row[0]: (row[2], row[3]) for row in rows} == targets
