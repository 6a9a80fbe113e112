"""Templates of labels and annotations, as far as they are carried out."""

import pytest

from sre.core.rules.label_templates import expanded, holds_value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ $labels.host }} is hot", "a is hot"),
        ("{{.Labels.host}}", "a"),
        ("[{{ $labels.none }}]", "[]"),
        ("x {{- $labels.host -}} y", "xay"),
        ("x  {{- $labels.host -}}  {{- $labels.host }}  {{- $labels.host -}}\n y", "xaaay"),
        ("x  {{- $value -}}  y", "x1234.5y"),
        ("{{ $value | humanize }}", "1.234k"),
        ("{{ $value|humanize1024 }}", "1.206ki"),
        ("{{ $value | humanizePercentage }}", "1.234e+05%"),
        ("{{ $value | humanizeDuration }}", "{{ $value | humanizeDuration }}"),
        ('{{ query "up" }} {{ $labels.host }}', '{{ query "up" }} a'),
    ],
)
def test_simple_templates_are_put_in_and_others_stay(template: str, text: str) -> None:
    """*Source*: what promtool 2.42 makes of them, except those that stay."""
    assert expanded(template, {"host": "a"}, value=1234.5) == text


@pytest.mark.parametrize(
    ("value", "plain", "short", "binary", "percent"),
    [
        (0.000123, "0.000123", "123u", "0.000123", "0.0123%"),
        (1048576.0, "1.048576e+06", "1.049M", "1Mi", "1.049e+08%"),
        (1e21, "1e+21", "1Z", "867.4Ei", "1e+23%"),
        (0.5, "0.5", "500m", "0.5", "50%"),
        (0.00001, "1e-05", "10u", "1e-05", "0.001%"),
        (0.0, "0", "0", "0", "0%"),
        (-1500.0, "-1500", "-1.5k", "-1.465ki", "-1.5e+05%"),
        (float("inf"), "+Inf", "+Inf", "+Inf", "+Inf%"),
    ],
)
def test_numbers_read_as_prometheus_writes_them(
    value: float, plain: str, short: str, binary: str, percent: str
) -> None:
    """*Source*: promtool 2.42 on a rule with these templates in its labels."""
    shown = [
        expanded(template, {}, value=value)
        for template in (
            "{{ $value }}",
            "{{ $value | humanize }}",
            "{{ $value | humanize1024 }}",
            "{{ $value | humanizePercentage }}",
        )
    ]
    assert shown == [plain, short, binary, percent]


def test_a_template_holds_the_value_only_where_it_says_so() -> None:
    assert holds_value({"a": "x {{ .Value }}"})
    assert not holds_value({"a": "{{ $labels.value }} $value"})
