"""Documents that would otherwise drift: the command reference, links, shipped recordings and examples."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.analysis import analyze
from monitor.config import load_profile, profile_from_mapping
from monitor.profile import Profile
from monitor.storage.recording import Recording
from monitor.storage.tables import EventsTable
from monitor.stream import Gap

ROOT = Path(__file__).resolve().parents[1]
RECORDINGS = sorted((ROOT / "recordings").glob("*.sqlite"))


def test_command_reference_is_up_to_date():
    """In a process of its own: click keeps what a test that called a verb alone has made of its options."""
    command = [sys.executable, ROOT / "scripts" / "cli_reference.py", "--print"]
    said = subprocess.run(command, capture_output=True, check=True).stdout
    assert (ROOT / "docs" / "cli.md").read_bytes() == said, "run scripts/cli_reference.py"


@pytest.mark.parametrize("page", [p.relative_to(ROOT) for p in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]], ids=str)
def test_links_between_documents_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (ROOT / page.parent / target).exists(), target


def test_readme_and_contributing_name_only_what_is_there():
    for page in ("README.md", "CONTRIBUTING.md"):
        for path in re.findall(
            r"`((?:monitor|scripts|docs|tests|firmware-notes|recordings)/[\w./-]+\w)`", (ROOT / page).read_text()
        ):
            assert (ROOT / path).exists(), path


def test_there_are_shipped_recordings_and_their_hashes_hold():
    sums = dict(reversed(line.split()) for line in (ROOT / "recordings" / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in RECORDINGS}
    for path in RECORDINGS:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sums[path.name]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_events_of_shipped_recordings_are_the_golden_ones(path, tmp_path):
    out = tmp_path / "events.jsonl"
    with Recording.open(path) as recording, EventsTable(out) as table:
        profile = profile_from_mapping(recording.meta.profile, Profile())

        def keep(record, events, _):
            for each in ([record] if isinstance(record, Gap) else []) + events:
                table.write(each)

        analyze(recording, profile, sink=keep)
    golden = ROOT / "tests" / "golden" / f"{path.stem}.events.jsonl"
    assert out.read_text() == golden.read_text(), "if meant: run scripts/make_recordings.py and read the diff"


@pytest.mark.parametrize("path", sorted((ROOT / "calibration" / "examples").glob("*.toml")), ids=lambda p: p.stem)
def test_example_profiles_load(path):
    assert load_profile(path).anterior_axis in path.read_text()
