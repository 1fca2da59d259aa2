"""The session as lines: short, each with its time, only when something changes."""

import re

from commands import finished

from monitor.cli.plain import PlainLines
from monitor.config import default_profile
from monitor.pipeline import Pipeline
from monitor.stream import AlertRaised, Battery, Epoch, Link, LinkState, Posture, Praised, Tick


def epoch(t_s, posture, tilt_deg=-12.4):
    return Epoch(float(t_s), posture, 0.9, tilt_deg, 0.0, 0.6, still=True, motion_mg=1.0, steps=0)


def said(*takes, day_start_s=9 * 3600.0):
    lines = []
    sink = PlainLines(lines.append, day_start_s)
    for record, *events in takes:
        sink.write(record, events)
    return lines


def test_a_posture_is_told_once_it_has_lasted_and_with_its_beginning():
    walk = [(Tick(t + 1.0), epoch(t, Posture.WALKING)) for t in range(60)]
    flicker = [(Tick(t + 1.0), epoch(t, Posture.STANDING)) for t in range(60, 63)]
    sit = [(Tick(t + 1.0), epoch(t, Posture.SITTING)) for t in range(63, 200)]
    assert said(*walk, *flicker, *sit) == ["09:00 Walking.", "09:01 Sitting, tilt −12° ±1°."]


def test_without_a_zero_no_tilt_is_told():
    assert said(*((Tick(t + 1.0), epoch(t, Posture.SITTING, float("nan"))) for t in range(9))) == ["09:00 Sitting."]


def test_link_battery_prompt_and_praise_are_told():
    prompt = AlertRaised(30.0, "sitting", "Stand up.", 1.0, 1.0, "s", {})
    lost = Link(40.0, LinkState.LOST, "out of reach")
    lines = said(
        (Link(0.0, LinkState.CONNECTED),),
        (Link(1.0, LinkState.CONNECTED),),
        (Battery(2.0, 87),),
        (Battery(3.0, 19),),
        (Battery(4.0, 18),),
        (Battery(5.0, 9),),
        (Tick(30.0), prompt),
        (Tick(35.0), Praised(35.0, "sitting", "Well done: up and moving.")),
        (lost,),
    )
    assert lines == [
        "09:00 Sensor: connected.",
        "09:00 The sensor's battery is at 19 %.",
        "09:00 The sensor's battery is at 9 %.",
        "09:00 Prompt: Stand up.",
        "09:00 Well done: up and moving.",
        "09:00 Sensor: link lost, out of reach.",
    ]


def test_a_simulated_session_is_a_dozen_lines(wear):
    samples = wear([("walk", 20, 0), ("sit", 30, -18), ("sit", 150, -40), ("sit", 60, -18), ("walk", 80, 0)])
    pipeline = Pipeline(default_profile(), 100.0, gyro=True)
    lines = said((samples, *pipeline.push(samples)), (Tick(340.0), *pipeline.finish()))
    assert any("Prompt: You have held one tilt for a while" in line for line in lines)
    assert any("Your walking is the zero now" in line for line in lines)
    assert any("Sitting" in line for line in lines)
    assert len(lines) < 15
    assert all(re.fullmatch(r"\d\d:\d\d [A-Z].{3,100}\.", line) for line in lines)


def test_on_stdout_there_are_lines_and_nothing_of_a_screen(tmp_path):
    done = finished("demo", "--plain", "--speed", "20", "--for", "4s", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].endswith("Sensor: connected.") or "Sensor" in lines[0]
    assert any("Walking." in line for line in lines)
    assert lines[-1].startswith("recorded in ")
    refused = finished("demo", "--plain", "--json", home=tmp_path)
    assert refused.returncode == 2
