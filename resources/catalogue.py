"""Which pages there are, and which tools act on each: the one place to edit when a page or a tool is added."""

from dataclasses import dataclass

HANDBOOK_URI = "sre://handbook"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """What a tool does for the reader of one page; `name` is in `tools.registry`."""

    name: str
    use: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A page of the handbook.

    Attributes:
        slug: Last part of the URI and name of the file.
        answers: The question that brings a reader here, for the index.
        tools: Tools rendered at the foot of the page, most useful first.
    """

    slug: str
    title: str
    description: str
    answers: str
    tools: tuple[ToolUse, ...]

    @property
    def uri(self) -> str:
        """Where clients read the page."""
        return f"{HANDBOOK_URI}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Template:
    """A document to fill in."""

    slug: str
    title: str
    description: str

    @property
    def uri(self) -> str:
        """Where clients read the template."""
        return f"sre://templates/{self.slug}"


TOPICS: tuple[Topic, ...] = (
    Topic(
        "fundamentals",
        "SRE fundamentals: SLI, SLO, error budget",
        "Objectives, allowed downtime, error budget arithmetic, the budget policy, dependencies and nines.",
        "How much failure is allowed, how much is left, may we deploy?",
        (
            ToolUse("compute_error_budget", "budget left, burn rates, exhaustion date and the deploy answer"),
            ToolUse("list_slos", "which objectives there are, and how each stands"),
            ToolUse("recommend_slo", "which objective history supports, and what each candidate would have cost"),
            ToolUse("define_slo", "a new objective, checked against the data it rests on"),
            ToolUse("query_prometheus", "the good and total counts behind an SLI"),
        ),
    ),
    Topic(
        "monitoring",
        "Monitoring and alerting",
        "Golden signals, RED, USE, burn-rate alert tiers, PromQL that holds up, what may page and what may not.",
        "What do I measure, what pages, is this query right?",
        (
            ToolUse("check_service_health", "the four golden signals of a service against its baseline"),
            ToolUse("generate_alert_rules", "symptoms first, thresholds from history, each rule tested and replayed"),
            ToolUse("review_alerts", "the alerts you have: what each costs people, and a diff that mends it"),
            ToolUse("generate_monitoring_config", "scrape jobs, routes, inhibition and receivers, checked"),
            ToolUse("find_metrics", "which metrics exist for a service, with type and labels"),
            ToolUse("query_prometheus", "run a query from this page over any window"),
            ToolUse("compute_error_budget", "the burn rates that the alert tiers compare with"),
            ToolUse("generate_slo_rules", "an SLO's records, budget and burn-rate alerts, with unit tests that ran"),
            ToolUse("backtest_slo", "when the tiers would have paged, how late, and what other settings would do"),
            ToolUse("generate_dashboard", "the golden signals, or an SLO's budget, for people to look at"),
        ),
    ),
    Topic(
        "incident-management",
        "Incident management",
        "Severities and targets, roles, the first 15 minutes, mitigation before cause, updates, postmortems.",
        "It is broken now: how bad is it, who does what, what first?",
        (
            ToolUse("list_alerts", "what fires now, since when, and whether it reaches people"),
            ToolUse("assess_severity", "P0 to P3 from facts or measured harm, rule by rule, unsure the worse"),
            ToolUse("declare_incident", "the record begun: deadlines by severity, roles to fill, next update"),
            ToolUse("update_incident", "what is seen, decided and done, as it happens"),
            ToolUse("get_incidents", "what goes on now, what is late, who did what and when"),
            ToolUse("check_service_health", "which signal moved, and since when"),
            ToolUse("detect_changes", "since when one measure is different, and which deploy was before"),
            ToolUse("investigate_incident", "what moved first of all metrics, what was changed before, who followed"),
            ToolUse("query_prometheus", "test one suspicion at a time"),
            ToolUse("generate_runbook", "what to do when this alert fires, from its own expression"),
            ToolUse("compute_error_budget", "what the incident has cost so far"),
            ToolUse("build_timeline", "what happened when, from all systems, with the delays to alert and to recover"),
            ToolUse("draft_status_update", "the next update for an audience, without blame, guesses or inner names"),
            ToolUse("page_oncall", "wakes who is on call, takes or closes a page (only where writes are allowed)"),
            ToolUse("draft_postmortem", "the document, from the record and the data, each line with its evidence"),
            ToolUse("track_action_items", "every action to its end: owner, date, status, overdue first"),
            ToolUse("report_reliability", "MTTD to MTBF with intervals, targets kept, SLOs, pages a shift, toil"),
        ),
    ),
    Topic(
        "toil",
        "Toil",
        "What counts as toil, the 50 % rule, measuring it, pay-back of automation, on-call load.",
        "Is this work toil, and is it worth automating?",
        (
            ToolUse("record_toil", "each chore as it is done: minutes, who, how often, what it would take to automate"),
            ToolUse("report_toil", "hours by task and person, the share of the 50 %, what to automate first"),
            ToolUse("review_alerts", "pages a shift, at night and by rule, and which could go"),
            ToolUse("query_prometheus", "how often the alert or restart behind the task really happens"),
            ToolUse("forecast_capacity", "when a task that grows with traffic outgrows the team"),
        ),
    ),
    Topic(
        "capacity-planning",
        "Capacity planning",
        "Little's law, headroom for failure, saturation, forecasts with intervals, lead time, overload.",
        "When does it run full, and when must I order?",
        (
            ToolUse("forecast_capacity", "exhaustion date with earliest, latest and measured accuracy"),
            ToolUse("plan_capacity", "what to order by when, for many resources at once, and what binds"),
            ToolUse("detect_changes", "level shifts in the history, which a forecast starts from"),
            ToolUse("query_prometheus", "utilisation peaks and the trend behind a forecast"),
            ToolUse("find_metrics", "which saturation and limit metrics exist"),
        ),
    ),
    Topic(
        "performance",
        "Performance",
        "Percentiles, queueing, the scalability law, a bottleneck search in order, load tests that measure the truth.",
        "It is slow: where is the time going, and how do I prove a change?",
        (
            ToolUse("check_service_health", "latency and saturation now against before"),
            ToolUse("compare_performance", "did a deploy change it: effect, interval, verdict; or load tests"),
            ToolUse("detect_changes", "when a latency moved, to the minute, by how much, after which deploy"),
            ToolUse("query_prometheus", "percentiles from histograms, one dimension at a time"),
            ToolUse("find_metrics", "which histograms and pool metrics exist"),
        ),
    ),
    Topic(
        "chaos-engineering",
        "Chaos engineering",
        "Hypothesis, blast radius ladder, abort conditions, what an experiment costs in budget, failures to try first.",
        "Is this experiment safe enough to run, and what would stop it?",
        (
            ToolUse("compute_error_budget", "whether there is budget to spend on an experiment"),
            ToolUse("check_service_health", "steady state before, during and after"),
            ToolUse("query_prometheus", "the abort condition as a query"),
        ),
    ),
    Topic(
        "sre-metrics",
        "Metrics about reliability work",
        "DORA keys, MTTx and why its mean misleads, pages a shift, availability over windows, honest comparison.",
        "Are we getting better, and can these numbers show it?",
        (
            ToolUse("report_reliability", "MTTx as medians with intervals, a cautious comparison, pages a shift, SLOs"),
            ToolUse("compute_error_budget", "availability as counts of good and bad events over a true window"),
            ToolUse("query_prometheus", "alert and deploy counts over time"),
            ToolUse("draft_postmortem", "start, detection and end of each incident, in one form"),
        ),
    ),
    Topic(
        "tools",
        "Tools: which one, when, how to read the answer",
        "The catalogue as a decision table, how answers are built, time and duration grammar, what errors mean.",
        "Which tool do I call, with what, and what does its answer mean?",
        (
            ToolUse("find_metrics", "start here when names are unknown"),
            ToolUse("query_prometheus", "any PromQL, ranked and summarised"),
            ToolUse("detect_changes", "when series changed for good or in passing, and the deploy before each"),
            ToolUse("check_service_health", "one service, four signals, one verdict each"),
            ToolUse("compute_error_budget", "budget, burn rates, policy and deploy answer"),
            ToolUse("list_slos", "all SLOs, the worst first, and documents that are broken"),
            ToolUse("define_slo", "an SLO from a service and a number, or a document; checked and saved"),
            ToolUse("generate_slo_rules", "Prometheus rules of SLOs: counts, budget, a tier an alert, all tested"),
            ToolUse("recommend_slo", "candidate objectives, each with bad days and pages in the past"),
            ToolUse("backtest_slo", "an SLO's alerts on history: pages, delay, precision, candidates side by side"),
            ToolUse("list_alerts", "what fires, who is told, what is held back and by whom"),
            ToolUse("silence_alert", "quiet for what is understood, after a preview (only where writes are allowed)"),
            ToolUse("review_alerts", "dead, flapping, noisy and cause alerts, costliest first, each with a diff"),
            ToolUse("generate_alert_rules", "a service's alerts with tests, replayed on its own history"),
            ToolUse(
                "generate_monitoring_config", "prometheus.yml and alertmanager.yml, checked by promtool and amtool"
            ),
            ToolUse("generate_runbook", "one page for each alert, its queries tried"),
            ToolUse("generate_dashboard", "Grafana JSON for a service, an SLO or a rule file, every panel tried"),
            ToolUse("publish_dashboard", "saves one in Grafana, after a plan of what changes; never somebody else's"),
            ToolUse("compare_performance", "before and after a change: difference, interval, verdict"),
            ToolUse("forecast_capacity", "when a series crosses a threshold"),
            ToolUse("plan_capacity", "dated steps for many resources, with cost and risks"),
            ToolUse("assess_severity", "how bad it is, by the policy's rules over facts and data, with deadlines"),
            ToolUse("declare_incident", "begins a record: deadlines, roles to fill, what to do first"),
            ToolUse("update_incident", "status, times, roles, notes, causes, lessons; history is kept"),
            ToolUse("get_incidents", "what goes on and what is late, or one incident with its history"),
            ToolUse("investigate_incident", "suspects ranked over all metrics: onset, size, changes, next calls"),
            ToolUse("build_timeline", "deploys, deviations, alerts, pages, notes in one line, each with its evidence"),
            ToolUse("draft_status_update", "internal, executive or customer text; says what is unknown, sends nothing"),
            ToolUse("page_oncall", "PagerDuty: trigger, acknowledge, resolve, note, after a preview (writes allowed)"),
            ToolUse("draft_postmortem", "a blameless document: impact with its evidence, gaps named"),
            ToolUse("track_action_items", "what is to be done after incidents, overdue first; add and change"),
            ToolUse("report_reliability", "a month in review: response times that know how few they are, SLOs, load"),
            ToolUse("record_toil", "a chore that was done, or how often one comes up; taken back by its number"),
            ToolUse("report_toil", "toil against half of the team's time, and what pays back soonest"),
        ),
    ),
)

TEMPLATES: tuple[Template, ...] = (
    Template(
        "runbook", "Runbook template", "One page for one alert: meaning, impact, first queries, mitigation, proof."
    ),
    Template("postmortem", "Postmortem template", "Blameless: impact in numbers, timeline, causes, lessons, actions."),
    Template("status-update", "Status update template", "Internal, executive and customer updates during an incident."),
    Template("slo-document", "SLO document template", "Objective, SLI, rationale, budget policy, alerts, review."),
)


def topic_slugs() -> tuple[str, ...]:
    """Return the topics in reading order."""
    return tuple(topic.slug for topic in TOPICS)


def template_slugs() -> tuple[str, ...]:
    """Return the names of the templates."""
    return tuple(template.slug for template in TEMPLATES)


def completion_choices() -> dict[str, tuple[str, ...]]:
    """Return the values that the URI templates `{topic}` and `{template}` can take, for completion."""
    return {"topic": topic_slugs(), "template": template_slugs()}
