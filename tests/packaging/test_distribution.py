"""What is built is what runs: the wheel, installed somewhere else, in a folder that tries to shadow it."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

pytestmark = pytest.mark.packaging

ROOT = Path.cwd()
BUILD_SECONDS = 300


def _run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _build(source: Path, out: Path, kind: str) -> Path:
    _run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(out), str(source), cwd=source)
    (built,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; the dependencies are read from the environment the tests run in."""
    home = tmp_path_factory.mktemp("fresh")
    _run(sys.executable, "-m", "venv", "--without-pip", str(home), cwd=home)
    python = home / "bin" / "python"
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        str(wheel),
        cwd=home,
    )
    (packages,) = home.glob("lib/python*/site-packages")
    ours = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    (packages / "dependencies.pth").write_text(str(ours), encoding="utf-8")
    return home


def test_an_install_leaves_one_name_in_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        names = set(archive.namelist())
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sre_mcp"}
    assert {
        "sre_mcp/server/app.py",
        "sre_mcp/resources/handbook/fundamentals.md",
        "sre_mcp/prompts/incident_responder.md.j2",
    } <= names
    assert not [name for name in names if "tests/" in name or name.endswith(".pyc")]


def test_every_file_that_is_not_python_travels_too(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    folders = ("server", "tools", "resources", "prompts", "sre", "connectors")
    wanted = {
        f"sre_mcp/{path.relative_to(ROOT).as_posix()}"
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".md", ".j2", ".yaml", ".json", ".npz"}
    }
    assert len(wanted) > 20
    assert wanted <= names


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    again = _build(source, tmp_path / "out", "wheel")
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {i.filename: i.CRC for i in other.infolist()}


@pytest.mark.anyio
@pytest.mark.parametrize("entry", ["script", "module"])
async def test_the_installed_server_starts_where_other_tools_and_server_folders_shadow_its_own(
    entry: str, installed: Path, tmp_path: Path
) -> None:
    for name in ("tools", "server", "sre", "resources", "prompts", "connectors"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            "raise SystemExit('the wrong package was imported')", encoding="utf-8"
        )
    command = (
        [str(installed / "bin" / "sre-mcp")]
        if entry == "script"
        else [str(installed / "bin" / "python"), "-m", "sre_mcp"]
    )
    parameters = StdioServerParameters(
        command=command[0], args=command[1:], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    )
    async with Client(stdio_client(parameters)) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        page = await client.read_resource("sre://handbook")
    assert "query_prometheus" in names
    assert page.contents


def test_uvx_runs_it_from_the_source_folder() -> None:
    uvx = shutil.which("uvx", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert uvx is not None, "uv is part of the test extra"
    printed = _run(uvx, "--from", ".", "sre-mcp", "--version", cwd=ROOT)
    assert printed.startswith("sre-mcp ")
