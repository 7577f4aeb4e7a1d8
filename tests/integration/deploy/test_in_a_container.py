"""The real wheel, as in a container: the first process, a user without a name, nothing to write to but a volume.

A container is what the kernel makes of one; the same is made here without an image, where this user may.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
USER = "23456"
# In its own namespaces: the root is mounted read-only, but for the volume and a fresh folder for temporary files. A
# Python in somebody's home is bound to where everybody reaches it.
CONTAINER = """
set -e
mount --make-rprivate /
number=0
for kept in $KEPT; do
    number=$((number + 1))
    mkdir "$HOLD/$number"
    mount --bind "$kept" "$HOLD/$number"
done
for closed in $CLOSED; do mount -t tmpfs tmpfs "$closed" -o mode=755; done
number=0
for kept in $KEPT; do
    number=$((number + 1))
    mkdir -p "$kept"
    mount --bind "$HOLD/$number" "$kept"
done
mount --bind "$1" "$1"
mount -o remount,ro,bind /
mount -t tmpfs tmpfs /tmp -o mode=1777 2>/dev/null || true
mount -t proc proc /proc
cd "$1"
shift
exec setpriv --reuid={user} --regid=0 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
""".replace("{user}", USER)
WORKFLOW = """
document: {dsl: '1.0.3', namespace: demo, name: daemon, version: '1.0.0'}
do:
  - leave: {run: {shell: {command: '(sleep 0.2; sleep 0.2) & (setsid sleep 0.3 &) ; echo left'}}}
  - look: {run: {script: {language: python, code: 'import os; print(os.getuid())'}}}
"""


@pytest.fixture(scope="module")
def folder():
    """A folder that any user can reach, outside of what pytest keeps to itself."""
    path = Path(tempfile.mkdtemp(prefix="kapell-wheel-", dir="/var/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def installed(folder):
    """Kapell, installed from its wheel; what it needs comes from where these tests run."""
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", folder / "wheels", source], check=True)
    (wheel,) = (folder / "wheels").glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    target = next((folder / "venv" / "lib").glob("python*/site-packages"))
    subprocess.run(
        [*pip, "--python", folder / "venv" / "bin" / "python", "install", "--no-deps", "--no-index", wheel], check=True
    )
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    (target / "libraries.pth").write_text(f"{libraries}\n")
    return folder / "venv" / "bin" / "kapell"


def test_the_wheel_has_everything(installed, tmp_path):
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    told = subprocess.run([installed, "--help"], check=True, capture_output=True, text=True, env=environment)
    for command in ("up", "backup", "restore", "doctor"):
        assert re.search(rf"\b{command}\b", told.stdout)
    where = subprocess.run(
        [installed.with_name("python"), "-c", "import kapell; print(kapell.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert str(installed.parents[1]) in where.stdout


def find_closed(path):
    """Return the folder on the way to a path that others may not enter; an empty text if there is none."""
    return next((str(each) for each in reversed(path.parents) if not each.stat().st_mode & 0o001), "")


@pytest.fixture
def contain(installed, folder):
    """Start a command as the first process of a container; its volume is a folder of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("only root can make namespaces")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody make namespaces")
    volume = Path(tempfile.mkdtemp(dir=folder))
    hold = tempfile.mkdtemp(dir=folder)
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    if Path(libraries).resolve().is_relative_to(tempfile.gettempdir()):
        pytest.skip("the libraries lie in the temporary folder, of which the container has its own")
    closed = {path: find_closed(Path(path).resolve()) for path in (sys.base_prefix, libraries)}
    os.chown(volume, 0, 0)
    volume.chmod(0o770)
    started = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "sh",
                "-c",
                CONTAINER,
                "-",
                volume,
                installed,
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": f"{installed.parent}:{os.environ['PATH']}",
                "LANG": "C.UTF-8",
                "HOME": str(volume),
                "PYTHONDONTWRITEBYTECODE": "1",
                "KAPELL_DATA": f"{volume}/data",
                "KAPELL_PORT": "0",
                "HOLD": hold,
                "CLOSED": " ".join(sorted(set(closed.values()))).strip(),
                "KEPT": " ".join(path for path, above in closed.items() if above),
                **environment,
            },
        )
        started.append(process)
        return process

    start.volume = volume
    yield start
    for process in started:
        for child in list_children(process):  # with the first process of a container everything in it ends
            os.kill(child, signal.SIGKILL)
        process.communicate()


def list_children(process):
    try:
        return list(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))
    except OSError:
        return []


def find_first(process):
    """Return the number, outside, of the container's first process, once it is Kapell."""
    for _ in range(400):
        for child in list_children(process):
            if "kapell" in Path(f"/proc/{child}/comm").read_text():
                return child
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    raise AssertionError("it did not start")


def ask(address, path, body=None, cookie=""):
    request = urllib.request.Request(
        f"{address}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Cookie": cookie},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response), (response.headers.get("Set-Cookie") or "").partition(";")[0]


def test_a_server_in_a_container(contain):
    process = contain("up")
    said = ""
    while "serves on" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    address, password = re.search(r"serves on (\S+)", said)[1], re.search(r"^  (\S+)$", said, re.MULTILINE)[1]
    first = find_first(process)
    status = Path(f"/proc/{first}/status").read_text()
    assert re.search(r"^NSpid:.*\s1$", status, re.MULTILINE)
    assert re.search(rf"^Uid:\s+{USER}\s", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    _, cookie = ask(address, "/api/v1/sign-in", {"name": "admin", "password": password})
    ask(address, "/api/v1/workflows/demo/daemon/versions", {"source": WORKFLOW}, cookie)
    run, _ = ask(address, "/api/v1/runs?wait=20", {"namespace": "demo", "name": "daemon", "input": {}}, cookie)
    assert run["status"] == "completed", run["error"]
    assert not list_zombies(first), "whatever lost its parent was waited for"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (contain.volume / "data").glob("*.*")}
    assert set(modes.values()) == {0o600}
    assert {path.name for path in contain.volume.iterdir()} == {"data"}
    began = time.monotonic()
    os.kill(first, signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - began < 10, "before an orchestrator would kill it"


def list_zombies(first):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == first:
            found.append(path)
    return found


def test_a_container_that_is_stopped_while_it_starts(contain):
    process = contain("up")
    first = find_first(process)
    while "SigCgt" not in (status := Path(f"/proc/{first}/status").read_text()) or not _catches_sigterm(status):
        time.sleep(0.005)
    os.kill(first, signal.SIGTERM)
    assert process.wait(timeout=20) in {0, 143}


def _catches_sigterm(status):
    return int(re.search(r"^SigCgt:\s+(\w+)$", status, re.MULTILINE)[1], 16) >> (signal.SIGTERM - 1) & 1


def test_other_commands_in_a_container(contain):
    process = contain("doctor")
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 0, told + errors
    assert "0 problems" in told
