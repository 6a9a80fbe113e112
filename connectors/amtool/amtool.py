"""Alertmanager's own checks, by the program that comes with it."""

from collections.abc import Mapping

from connectors.programs import Program, ProgramRun
from sre.core.text import cleaned


class Amtool:
    """Checks generated files with amtool.

    Args:
        command: Name on PATH, or a path; empty if it must not be run.
    """

    def __init__(self, command: str = "amtool") -> None:
        self._program = Program(command)

    @property
    def is_available(self) -> bool:
        """Whether amtool is on this machine."""
        return self._program.is_available

    async def check_config(self, files: Mapping[str, str], *, main: str = "alertmanager.yml") -> ProgramRun:
        """Check a configuration and the template files it names; templates written into it are not rendered.

        Args:
            files: Content by relative path.
            main: Path of the configuration among `files`.
        """
        return await self._program.run(["check-config", main], files=files)

    async def receivers_of(
        self, labels: Mapping[str, str], *, files: Mapping[str, str], main: str = "alertmanager.yml"
    ) -> tuple[str, ...]:
        """Return the receivers an alert with these labels is routed to, in the order of the routes."""
        arguments = ["config", "routes", "test", f"--config.file={main}", *(f"{k}={v}" for k, v in labels.items())]
        run = await self._program.run(arguments, files=files)
        lines = run.output.strip().splitlines()
        if not run.is_ok or not lines:
            return ()
        # A warning about a setting of the user's own amtool may stand above.
        return tuple(cleaned(name) for name in lines[-1].split(",") if name.strip())

    async def rendered(self, text: str, *, files: Mapping[str, str], data: str, is_html: bool = False) -> ProgramRun:
        """Render a template text as Alertmanager would for a notification; the output is what people would read.

        Args:
            files: Template files by relative path, and whatever else they need.
            data: The notification as JSON, in the shape that webhooks get.
        """
        name = "notification.json"
        kind = "html" if is_html else "text"
        globs = [f"--template.glob={path}" for path in files if path.endswith(".tmpl")]
        arguments = ["template", "render", *globs, f"--template.text={text}", f"--template.type={kind}"]
        return await self._program.run([*arguments, f"--template.data={name}"], files={**files, name: data})
