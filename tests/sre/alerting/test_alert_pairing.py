"""Which alert of the Alertmanager is which of Prometheus, with labels added and dropped on the way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sre.alerting.alert_pairing import paired
from sre.core.labels import Labels

A = Labels({"alertname": "Errors", "service": "cart"})
B = Labels({"alertname": "Errors", "service": "checkout"})
EU = {"cluster": "eu"}
US = {"cluster": "us"}


def plus(labels: Labels, more: dict[str, str]) -> Labels:
    return Labels({**more, **labels})


def test_equal_labels_are_the_same_alert() -> None:
    """Source: an alert is identified by its labels (Alertmanager, fingerprint)."""
    found = paired([A, B], [B, A])
    assert found.held_by_sent == {0: 1, 1: 0}
    assert found.added == Labels()


def test_external_labels_are_found_by_what_most_alerts_gained() -> None:
    """Source: Prometheus, external_labels: added to each alert that is sent."""
    found = paired([A, B], [plus(A, EU), plus(B, EU)])
    assert found.held_by_sent == {0: 0, 1: 1}
    assert found.added == Labels(EU)
    assert found.loose == frozenset()


def test_alerts_of_another_cluster_are_left_alone() -> None:
    """Our choice: of two senders with the same rules, the one that explains more of our alerts is ours."""
    c = Labels({"alertname": "Slow", "service": "cart"})
    found = paired([A, B, c], [plus(A, US), plus(A, EU), plus(B, EU), plus(c, EU)])
    assert found.held_by_sent == {0: 1, 1: 2, 2: 3}
    assert found.added == Labels(EU)


def test_an_external_label_does_not_replace_one_of_the_alert() -> None:
    """Source: Prometheus, external_labels: only where the alert has no such label."""
    own = Labels({"alertname": "Errors", "cluster": "mine"})
    found = paired([A, own], [plus(A, EU), own])
    assert found.held_by_sent == {0: 0, 1: 1}


def test_a_label_that_was_dropped_joins_where_only_one_fits() -> None:
    """Source: Prometheus, alert_relabel_configs with labeldrop, usual for `replica`."""
    sent = [Labels({**A, "replica": "a"}), B]
    found = paired(sent, [plus(B, EU), plus(A, EU)])
    assert found.held_by_sent == {0: 1, 1: 0}
    assert found.loose == {0}


def test_several_that_fit_are_not_guessed_from() -> None:
    """Our choice: a wrong join would say that somebody was told."""
    sent = [Labels({**A, "replica": "a"})]
    found = paired(sent, [plus(A, EU), plus(A, US)])
    assert found.held_by_sent == {}
    assert found.uncertain == {0}


def test_a_label_with_another_value_is_another_alert() -> None:
    """Our choice: two services with the same rule."""
    found = paired([A], [B])
    assert found.held_by_sent == {}
    assert found.uncertain == frozenset()


def test_five_thousand_alerts_of_one_name_are_joined_in_bounded_work() -> None:
    """Our choice: an alert storm must not stop the answer."""
    sent = [Labels({"alertname": "PodDown", "pod": f"p{index}"}) for index in range(5_000)]
    found = paired(sent, [plus(labels, EU) for labels in reversed(sent)])
    assert found.held_by_sent == {index: 4_999 - index for index in range(5_000)}


def test_a_dropped_label_is_found_in_a_storm_too() -> None:
    """Our choice: a wrong claim that thousands of alerts reached nobody would be worse than none."""
    sent = [Labels({"alertname": "PodDown", "pod": f"p{index}", "replica": "a"}) for index in range(5_000)]
    found = paired(sent, [plus(labels.without("replica"), EU) for labels in reversed(sent)])
    assert found.held_by_sent == {index: 4_999 - index for index in range(5_000)}
    assert len(found.loose) == 5_000


def test_a_name_alone_joins_nothing() -> None:
    """Our choice: another service's alert of the same rule, without labels, is no proof of delivery."""
    assert paired([A], [Labels({"alertname": "Errors", "cluster": "eu"})]).held_by_sent == {}


def test_an_alert_of_two_clusters_alone_is_uncertain() -> None:
    """Our choice: nothing tells which one is ours."""
    found = paired([A], [plus(A, EU), plus(A, US)])
    assert (found.held_by_sent, found.uncertain) == ({}, frozenset({0}))


label_sets = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4).map(
    lambda pairs: Labels({"alertname": "A", **pairs})
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(label_sets, unique=True, max_size=8), st.dictionaries(st.just("ext"), st.just("e"), max_size=1))
def test_what_gained_the_same_labels_is_joined_one_to_one(sent: list[Labels], added: dict[str, str]) -> None:
    """Our choice: with one sender and no label dropped, every alert finds itself."""
    held = [plus(labels, added) for labels in sent]
    found = paired(sent, held)
    assert all(held[position] == plus(sent[index], added) for index, position in found.held_by_sent.items())
    assert len(found.held_by_sent) == len(sent)
