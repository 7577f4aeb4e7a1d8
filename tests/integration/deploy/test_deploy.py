"""What stands in deploy/: settings that exist, units that systemd takes, an image that is made of what is there."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from tests.certificates import make_certificate

from kapell.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("kapell*.service")) + sorted((DEPLOY / "systemd").glob("*.timer"))
MOST_EXPOSED = "20"  # of 100, as `systemd-analyze security` counts


def read_all(*patterns):
    return "\n".join(path.read_text() for pattern in patterns for path in DEPLOY.rglob(pattern) if path.is_file())


# -- settings ----------------------------------------------------------------------------------------------------------


def test_each_setting_that_is_named_exists():
    named = set(re.findall(r"\bKAPELL_([A-Z_]+)", read_all("*"))) - {"CONFIG"}
    assert named
    assert {name.lower() for name in named} <= set(Settings.__struct_fields__)


def test_the_example_of_settings_can_be_used_also_what_is_commented_out(tmp_path):
    text = (DEPLOY / "kapell.example.toml").read_text()
    whole = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert whole != text
    merged = {}
    for line in whole.splitlines():  # a line that was commented out is the other choice
        if re.match(r"\w+ = ", line):
            merged |= tomllib.loads(line)
            (tmp_path / "one.toml").write_text(line)
            read_settings({"KAPELL_CONFIG": str(tmp_path / "one.toml")})
    assert set(merged) <= set(Settings.__struct_fields__)
    found = read_settings({"KAPELL_CONFIG": str(DEPLOY / "kapell.example.toml")})
    assert found.retention_days == 90


# -- systemd -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def analyze():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed here")

    def run(*arguments):
        return subprocess.run(["systemd-analyze", *arguments], check=False, capture_output=True, text=True)

    return run


def test_systemd_takes_the_units(analyze, tmp_path):
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/kapell/bin/kapell", "/bin/true"))
    found = analyze("verify", *(str(tmp_path / unit.name) for unit in UNITS))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    assert len(UNITS) == 3


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_the_units_are_hardened(analyze, unit):
    found = analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(unit))
    assert found.returncode == 0, found.stdout.splitlines()[-1:]


def test_the_backup_unit_sees_the_same_installation():
    def find(name, pattern):
        return sorted(set(re.findall(pattern, (DEPLOY / "systemd" / name).read_text(), re.MULTILINE)))

    for pattern in (r"^User=.*", r"^Environment=KAPELL_(?:DATA|CONFIG)=.*", r"^StateDirectory=.*"):
        assert find("kapell.service", pattern) == find("kapell-backup.service", pattern) != []


def test_the_commands_of_units_exist():
    from typer.main import get_command  # noqa: PLC0415

    from kapell.cli.app import app  # noqa: PLC0415 -- loads slowly

    commands = get_command(app).commands
    for line in re.findall(r"^ExecStart=/opt/kapell/bin/kapell (.*)", read_all("*.service"), re.MULTILINE):
        name, *words = line.split()
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options


# -- the image ---------------------------------------------------------------------------------------------------------


def read_containerfile():
    """Return the instructions, with their arguments, by stage."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", "")
    stages = [[]]
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest.strip()))
    return stages


def test_the_image_is_made_of_what_is_there():
    known = {
        *("ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "VOLUME", "USER", "EXPOSE", "STOPSIGNAL"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    head, console, build, final = read_containerfile()
    assert {word for stage in (head, console, build, final) for word, _ in stage} <= known
    versions = dict(default.split("=") for _, default in head)
    assert re.fullmatch(r"\d+\.\d+-slim-\w+", versions["PYTHON"]), "a tag that names a version and a distribution"
    assert re.fullmatch(r"\d+-\w+-slim", versions["NODE"])
    assert console[0][1] == "node:${NODE} AS console"
    assert build[0][1] == "python:${PYTHON} AS build"
    ignored = (ROOT / ".dockerignore").read_text().split()
    for word, rest in console + build:
        if word == "COPY" and not rest.startswith("--from="):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert {f"!{source}", f"!{source}dev.txt", f"!{source.partition('/')[0]}"} & set(ignored), source
    given = dict(reversed(final))
    assert given["USER"].partition(":")[0].isdecimal()
    assert int(given["USER"].partition(":")[0]) > 0
    assert yaml.safe_load(given["ENTRYPOINT"]) == ["kapell"]
    assert yaml.safe_load(given["CMD"]) == ["up"]
    assert given["STOPSIGNAL"] == "SIGTERM"
    variables = dict(word.split("=", 1) for word in shlex.split(given["ENV"]))
    assert variables["KAPELL_DATA"].startswith(f"{given['VOLUME']}/")
    assert variables["KAPELL_PORT"] == given["EXPOSE"]


def run_health_check(**settings):
    """Run what the image asks its server by; a proxy that is nowhere is set, which must not be asked."""
    instruction = dict(read_containerfile()[3])["HEALTHCHECK"]
    program, *arguments = json.loads(instruction.partition("CMD ")[2])
    assert program == "python"
    proxies = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAPELL_")}
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=False, capture_output=True, env=kept | proxies | settings).returncode


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
def test_the_health_check_asks_the_server_as_it_is_set(tmp_path, is_tls):
    settings = {}
    if is_tls:
        chain, key = make_certificate(tmp_path / "tls", "kapell.example")
        (tmp_path / "kapell.toml").write_text(f'tls_certificate = "{chain}"\ntls_key = "{key}"\n')
        settings["KAPELL_CONFIG"] = str(tmp_path / "kapell.toml")
    command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", tmp_path / "data"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ | settings
    ) as server:
        try:
            said = next(line for line in server.stderr if "serves on" in line)
            settings["KAPELL_PORT"] = re.search(r"https?://\S+?:(\d+)", said)[1]
            assert run_health_check(**settings) == 0
        finally:
            server.terminate()
            server.stderr.read()
    assert run_health_check(**settings) != 0, "nobody answers any more"


def test_the_versions_in_the_image_are_those_of_the_tests():
    (line,) = [rest for word, rest in read_containerfile()[2] if word == "RUN"]
    script = line.partition("&&")[0].replace("> constraints.txt", "")
    made = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!]+", each) for each in made)
    names = {each.partition("==")[0] for each in made}
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*needed["dependencies"], *(each for extra in needed["optional-dependencies"].values() for each in extra)]
    assert {re.match(r"[\w.-]+", each)[0].lower().replace(".", "-") for each in wanted} <= names


# -- compose -----------------------------------------------------------------------------------------------------------


def test_the_compose_file_hangs_together():
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert set(found) == {"name", "services", "networks", "volumes", "secrets"}
    known = {
        *("build", "image", "restart", "depends_on", "environment", "secrets", "volumes", "ports", "networks", "tmpfs"),
        *("read_only", "cap_drop", "security_opt", "stop_grace_period", "shm_size", "healthcheck"),
    }
    for service in found["services"].values():
        assert set(service) <= known
        assert set(service["secrets"]) <= set(found["secrets"])
        assert set(service["networks"]) <= set(found["networks"])
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(found["volumes"])
        for name in re.findall(r"/run/secrets/([\w.-]+)", str(service["environment"])):
            assert name in service["secrets"]
        assert set(service.get("depends_on", ())) <= set(found["services"])
    kapell, database = found["services"]["kapell"], found["services"]["database"]
    assert (DEPLOY / kapell["build"]["context"] / kapell["build"]["dockerfile"]).resolve() == DEPLOY / "Containerfile"
    assert kapell["read_only"]
    assert kapell["cap_drop"] == ["ALL"]
    assert "--host=127.0.0.1" in database["healthcheck"]["test"], "the server waits until it answers others, too"
    assert not database.get("ports"), "nobody else reaches the database"
    assert re.fullmatch(r"postgres:\d+-\w+", database["image"])
    assert all(port.startswith("127.0.0.1:") for port in kapell["ports"])


def test_docker_takes_the_compose_file():
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode
    ):
        pytest.skip("docker compose is not installed here")
    found = subprocess.run(
        ["docker", "compose", "-f", DEPLOY / "compose.yaml", "config", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert found.returncode == 0, found.stderr
