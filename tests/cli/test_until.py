"""Events by name."""

import click
import pytest
from click.testing import CliRunner

from monitor.cli.until import DETAILS, EventName, Wanted
from monitor.storage.tables import EVENT_TYPES
from monitor.stream import AlertRaised, BoutEnded, Break, Gap, Posture, Transition

ALERT = AlertRaised(9.0, "sitting", "Stand up.", 1.0, 1.0, "s", {})
EVENTS = (
    Transition("sit-to-stand", 1.0, 2.0, 0.9),
    BoutEnded(Posture.WALKING, 2.0, 5.0),
    Break(2.0, 6.0),
    BoutEnded(Posture.SITTING, 6.0, 8.0),
    ALERT,
    Gap(10.0, 12.0, "link lost"),
)


def read(text):
    return EventName().convert(text, None, None)


def test_every_type_of_the_events_table_has_a_name_and_its_detail_is_a_field():
    assert set(DETAILS) == set(EVENT_TYPES.values())
    for kind, name in EVENT_TYPES.items():
        assert not DETAILS[name] or DETAILS[name] in kind.__dataclass_fields__


@pytest.mark.parametrize(
    "text", ["alert", "alert:sitting", "bout:walking", "alert#3", "bout:sitting#2", "sensor-silent"]
)
def test_what_is_read_prints_as_it_was_written(text):
    assert str(read(text)) == text


@pytest.mark.parametrize(
    ("text", "time_s"),
    [
        ("alert", 9.0),
        ("alert:sitting", 9.0),
        ("bout", 5.0),
        ("bout:sitting", 8.0),
        ("bout#2", 8.0),
        ("break", 6.0),
        ("transition:sit-to-stand", 2.0),
        ("gap", 12.0),
        ("gap:link lost", 12.0),
        ("bout#3", None),
        ("posture", None),
        ("alert:standing", None),
    ],
)
def test_the_first_event_that_is_meant(text, time_s):
    event = read(text).first(EVENTS)
    assert (event and event.t_s) == time_s


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alrt", "did you mean 'alert'?"),
        ("epoch", "known are alert, "),
        ("", "is no event"),
        ("alert#0", "is no event"),
        ("bout:", "is no event"),
        ("break:long", "write break alone"),
    ],
)
def test_an_unknown_event_is_refused_with_the_nearest_name(text, told):
    with pytest.raises(click.BadParameter, match=r"There|is no event|alone") as caught:
        read(text)
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bout:waking", "did you mean 'walking'?"),
        ("alert:siting", "did you mean 'sitting'?"),
        ("transition:sit-to-stnd", "did you mean 'sit-to-stand'?"),
        ("alert-cleared:x", "known are sitting, standing."),
    ],
)
def test_an_unknown_detail_is_refused_with_the_nearest_name(text, told):
    with pytest.raises(click.UsageError) as caught:
        read(text).checked(["sitting", "standing"])
    assert told in caught.value.message
    assert Wanted("gap", "whatever").checked([])


def test_it_is_an_option_type():
    @click.command()
    @click.option("--until", type=EventName())
    def show(until):
        click.echo(until)

    assert CliRunner().invoke(show, ["--until", "bout:walking#2"]).output == "bout:walking#2\n"
    assert CliRunner().invoke(show, ["--until", "bot"]).exit_code == 2
