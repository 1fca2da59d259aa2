"""The rules of the house, as tests (DESIGN.md)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA_FOLDERS = ("recordings", "calibration")


def tracked(*patterns):
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in out.stdout.splitlines() if (ROOT / line).is_file()]


def imported_by(*arguments):
    """Modules loaded by running sitwell with these arguments, in a process of its own."""
    code = "import sys, runpy\nsys.argv[0] = 'sitwell'\ntry:\n    runpy.run_module('monitor', run_name='__main__')\n"
    code += "except SystemExit:\n    pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    out = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(out.stderr.split())


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["demo", "--help"], ["analyze", "--help"], ["evaluate", "--help"]]
)
def test_starting_light_imports_nothing_slow(arguments):
    loaded = imported_by(*arguments)
    assert "monitor" in loaded
    assert not loaded & {"textual", "scipy", "bumble", "bleak", "numpy", "vqf", "asyncio"}


def test_the_screen_opens_without_what_computes():
    code = "import sys, monitor.dashboard.app, monitor.cli.running; print('\\n'.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(out.stdout.split()) & {"scipy", "bumble", "bleak", "vqf", "sqlite3"}


def test_import_contracts_hold():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    out = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stdout


def test_the_contracts_would_see_a_violation(tmp_path):
    (tmp_path / "monitor").mkdir()
    for source in tracked("monitor/**.py"):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    with (tmp_path / "monitor" / "stream.py").open("a") as file:
        file.write("\nimport asyncio\nimport monitor.storage\n")
    (tmp_path / "monitor" / "attic.py").write_text('"""A module that nobody placed."""\n')
    lint_imports = Path(sys.executable).with_name("lint-imports")
    out = subprocess.run(
        [lint_imports, "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert out.returncode == 1
    assert "The core does no input or output and reads no clock BROKEN" in out.stdout
    assert "attic" in out.stdout


def test_no_file_is_longer_than_500_lines():
    long = [
        p
        for p in tracked("monitor/**.py", "tests/**.py", "benchmarks/**.py", "scripts/**.py")
        if len(p.read_text(encoding="utf-8").splitlines()) > 500
    ]
    assert not long


def test_data_folders_hold_no_code():
    assert not [p for folder in DATA_FOLDERS for p in tracked(f"{folder}/**") if p.suffix in {".py", ".sh", ".js"}]


def test_no_vague_module_names():
    vague = {"utils", "helpers", "common", "manager", "misc"}
    assert not [p for p in tracked("monitor/**.py") if p.stem in vague]


def test_every_module_says_what_it_is():
    silent = [
        p
        for p in tracked("monitor/**.py")
        if p.read_text(encoding="utf-8").strip() and not p.read_text(encoding="utf-8").startswith('"""')
    ]
    assert not silent


def test_every_room_has_its_tests():
    """Each module of the package is named by a test module, or its folder is."""
    tests = {p.relative_to(ROOT / "tests") for p in tracked("tests/**.py")}
    rooms = {p.relative_to(ROOT / "monitor").parent for p in tracked("monitor/**.py")} - {Path()}
    assert not [room for room in rooms if not any(room in t.parents for t in tests)]


def test_lock_has_hashes_and_names_no_host():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    pins = re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE | re.IGNORECASE)
    assert len(pins) > 30
    blocks = re.split(r"\n(?=\S)", lock.strip())
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_every_dependency_is_locked():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["virtual"]
    wanted += project["dependency-groups"]["dev"]
    lock = (ROOT / "requirements.lock").read_text().lower()
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9._-]+", requirement).group().lower()
        assert f"\n{name}==" in f"\n{lock}", name


def test_no_tracked_text_names_a_path_of_this_machine():
    home = re.compile(rb"(^|[^A-Za-z0-9_.])/(work|root|home|farm)/")
    guilty = []
    for path in tracked():
        if path.suffix in {".sqlite", ".lock"}:
            continue
        if home.search(path.read_bytes()):
            guilty.append(path)
    assert not guilty
