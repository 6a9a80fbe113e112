"""The real amtool."""

import pytest

from connectors.amtool import Amtool
from tests.support.real_prometheus import require_program

pytestmark = [pytest.mark.anyio, pytest.mark.real_prometheus]
CONFIG = """
route: {receiver: tickets, routes: [{matchers: ['severity="page"'], receiver: pages, continue: true}, {receiver: all}]}
receivers: [{name: tickets}, {name: pages}, {name: all}]
"""


@pytest.fixture
def amtool() -> Amtool:
    require_program("amtool")
    return Amtool()


async def test_a_configuration_is_checked(amtool: Amtool) -> None:
    assert (await amtool.check_config({"alertmanager.yml": CONFIG})).is_ok
    wrong = await amtool.check_config({"alertmanager.yml": CONFIG.replace("receiver: tickets", "receiver: nobody")})
    assert not wrong.is_ok
    assert "nobody" in wrong.output


@pytest.mark.parametrize(("severity", "expected"), [("page", ("pages", "all")), ("ticket", ("all",))])
async def test_the_receivers_of_an_alert_are_told(amtool: Amtool, severity: str, expected: tuple[str, ...]) -> None:
    found = await amtool.receivers_of({"severity": severity}, files={"alertmanager.yml": CONFIG})
    assert found == expected
