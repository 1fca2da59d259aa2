"""[[alert]], [band], [budget], [fading], [quiet], [debt] and [[profile]]: what lies over what, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import default_profile, load_profile, profile_from_recording, profile_to_mapping
from monitor.errors import ConfigError
from monitor.states.rules import AUTO, AlertRule, place_named

NEW = """[[alert]]
name = 'late'
measure = 'sitting_s'
limit = 60
clear = 5
hold_s = 1
repeat_s = 9
message = 'Up.'
"""


@pytest.fixture
def own(tmp_path):
    """What applies with this text as the wearer's own file: the settings of the prompts."""

    def load(text):
        path = tmp_path / "profile.toml"
        path.write_text(text, encoding="utf-8")
        return load_profile(path).prompts

    return load


def refusal(own, text):
    """(sentence, setting) with which it is refused."""
    with pytest.raises(ConfigError) as caught:
        own(text)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{caught.value.path}: ")
    return str(caught.value).removeprefix(f"{caught.value.path}: "), caught.value.key


def rules(prompts, name="desk"):
    (place,) = (place for place in prompts.places if place.name == name)
    return {rule.name: rule for rule in place.rules}


def band(prompts, name="desk"):
    (place,) = (place for place in prompts.places if place.name == name)
    return place.band


# ------------------------------------------------------------ as shipped


def test_the_shipped_limits_are_those_of_the_facts():
    prompts = default_profile().prompts
    shipped = rules(prompts)
    assert shipped["sitting"].limit == 30 * 60
    assert 40 * 60 <= shipped["standing"].limit <= 45 * 60
    assert {rule.measure for rule in shipped.values()} == {
        "tilt_exposure_deg_s", "sideways_exposure_deg_s", "sitting_s", "standing_s", "unshifted_s", "break_debt_s",
    }  # fmt: skip
    assert band(prompts).sitting.tilt_deg == band(prompts).standing.tilt_deg == 10.0
    assert prompts.budget.most_per_hour == 4
    assert prompts.fading.baseline_days == 1
    assert all(rule.message and rule.praise for place in prompts.places for rule in place.rules)


def test_a_shipped_place_is_the_desk_but_for_what_it_says():
    prompts = default_profile().prompts
    desk, sofa, car = rules(prompts), rules(prompts, "sofa"), rules(prompts, "car")
    assert sofa["sitting"] == replace(desk["sitting"], limit=2700.0)
    assert sofa["standing"] == desk["standing"]
    assert band(prompts, "sofa").standing == band(prompts).standing
    assert band(prompts, "sofa").sitting.usual_tilt_deg == -25.0
    assert [name for name, rule in car.items() if rule.on] == ["sitting", "standing"]
    assert car["sitting"].message.startswith("Two hours")


# ------------------------------------------------------------ laid over


def test_a_rule_is_laid_over_the_one_of_its_name(own):
    before, after = rules(own("")), rules(own("[[alert]]\nname = 'sitting'\nlimit = 1200\ncue = 'screen'\n"))
    assert after == before | {"sitting": replace(before["sitting"], limit=1200.0, cue="screen")}
    assert list(after) == list(before)


def test_a_new_rule_comes_last_and_is_told_in_words_of_the_catalogue(own):
    *_, last = own(NEW).places[0].rules
    assert replace(last, praise="") == AlertRule("late", "sitting_s", 60.0, 5.0, 1.0, 9.0, "Up.")
    assert last.praise
    *_, silent = own(NEW.replace("message = 'Up.'\n", "")).places[0].rules
    assert silent.message.startswith("You have been in one position")


def test_a_rule_is_switched_off(own):
    assert not rules(own("[[alert]]\nname = 'shift'\non = false\n"))["shift"].on
    assert not rules(own("[[alert]]\nname = 'shift'\non = false\n"), "sofa")["shift"].on


def test_own_changes_to_the_desk_shine_through_every_place_that_does_not_say_otherwise(own):
    text = """
    [band]
    forget_s = 90
    [band.sitting]
    tilt_deg = 12
    sideways_deg = 11
    [band.standing]
    tilt_deg = 7
    [[alert]]
    name = 'sitting'
    limit = 1500
    repeat_s = 600
    message = 'Up!'
    """
    prompts = own(text)
    assert (band(prompts).sitting.tilt_deg, band(prompts, "sofa").sitting.tilt_deg) == (12.0, 15.0)
    for name in ("desk", "sofa", "standing-desk", "car"):
        assert band(prompts, name).forget_s == 90.0
        assert band(prompts, name).standing.tilt_deg == 7.0
        assert rules(prompts, name)["sitting"].repeat_s == 600.0
    limits = {name: rules(prompts, name)["sitting"].limit for name in ("desk", "sofa", "standing-desk", "car")}
    assert limits == {"desk": 1500.0, "sofa": 2700.0, "standing-desk": 1500.0, "car": 7200.0}
    assert rules(prompts, "sofa")["sitting"].message == "Up!"
    assert rules(prompts, "car")["sitting"].message.startswith("Two hours")


def test_own_changes_to_a_place_lie_over_the_shipped_ones_and_over_the_own_desk(own):
    text = """
    [[profile]]
    name = 'sofa'
    hours = '18:00-23:00'
    [profile.band.sitting]
    sideways_deg = 20
    [[profile.alert]]
    name = 'sitting'
    clear = 30
    """
    prompts = own("[[alert]]\nname = 'sitting'\nhold_s = 7\n" + text)
    sofa = rules(prompts, "sofa")["sitting"]
    assert (sofa.limit, sofa.clear, sofa.hold_s) == (2700.0, 30.0, 7.0)
    assert (band(prompts, "sofa").sitting.tilt_deg, band(prompts, "sofa").sitting.sideways_deg) == (15.0, 20.0)
    assert prompts.places[1].hours == ("18:00-23:00",)
    assert rules(prompts)["sitting"].clear == 60.0


def test_a_new_place_begins_as_the_desk_is(own):
    prompts = own("[[alert]]\nname = 'sitting'\nlimit = 1500\n[[profile]]\nname = 'train'\n")
    desk, *_, train = prompts.places
    assert train == replace(desk, name="train")
    assert place_named(prompts, "Train") == "train"


def test_the_sections_are_laid_over_name_by_name(own):
    prompts = own("[budget]\nmost_per_hour = 2\n[fading]\nleast = 1\n[quiet]\nworking_hours = 'mon-fri 09:00-17:00'\n")
    shipped = default_profile().prompts
    assert prompts.budget == replace(shipped.budget, most_per_hour=2)
    assert prompts.fading == replace(shipped.fading, least=1.0)
    assert prompts.quiet == replace(shipped.quiet, working_hours=("mon-fri 09:00-17:00",))
    assert prompts.debt == shipped.debt


def test_the_usual_tilts_may_have_either_sign(own):
    for value in (-20.0, 0.0, 5.0):
        prompts = own(f"[band.sitting]\nusual_tilt_deg = {value}\nusual_sideways_deg = {value}\n")
        assert (band(prompts).sitting.usual_tilt_deg, band(prompts).sitting.usual_sideways_deg) == (value, value)


numbers = st.integers(500, 2000).map(lambda n: n / 97.0)  # 5 and more


@settings(max_examples=25, deadline=None)
@given(numbers, numbers, st.booleans(), st.sampled_from([(), ("mon-fri 08:30-17:30", "22:00-06:00")]))
def test_any_prompts_survive_being_written_down(tmp_path_factory, tilt_deg, limit, on, hours):
    path = tmp_path_factory.mktemp("any") / "profile.toml"
    listed = ", ".join(f"'{each}'" for each in hours)
    path.write_text(
        f"[band.standing]\ntilt_deg = {tilt_deg}\n[quiet]\nquiet_hours = [{listed}]\n[[profile]]\nname = 'train'\n"
        f"hours = [{listed}]\n[[profile.alert]]\nname = 'breaks'\nlimit = {600 + limit}\non = {str(on).lower()}\n"
    )
    profile = load_profile(path)
    assert profile.prompts.places[-1].band.standing.tilt_deg == tilt_deg
    assert profile_from_recording(profile_to_mapping(profile), "there") == (profile, [])


# ------------------------------------------------------------ typos, at every level


@pytest.mark.parametrize(
    ("text", "meant", "key"),
    [
        ("[[alerts]]\nname = 'x'", "'alert'", "alerts"),
        ("[[profiles]]\nname = 'x'", "'profile'", "profiles"),
        ("[[alert]]\nname = 'posture'\nlimits = 9", "'limit'", "alert.limits"),
        ("[[alert]]\nname = 'posture'\nmeasure = 'siting_s'", "'sitting_s'", "alert.measure"),
        ("[[alert]]\nname = 'posture'\ncue = 'desktpo'", "'desktop'", "alert.cue"),
        ("[[alert]]\nname = 'siting'\nlimit = 9", "'sitting'", "alert"),
        ("[band.sitting]\ntilt = 9", "'tilt_deg'", "band.sitting.tilt"),
        ("[band.standing]\nusual_tild_deg = 9", "'usual_tilt_deg'", "band.standing.usual_tild_deg"),
        ("[band]\nseating = {}", "'sitting'", "band.seating"),
        ("[budget]\nmost_per_hours = 9", "'most_per_hour'", "budget.most_per_hours"),
        ("[fading]\nbaseline_day = 9", "'baseline_days'", "fading.baseline_day"),
        ("[quiet]\nquite_hours = []", "'quiet_hours'", "quiet.quite_hours"),
        ("[debt]\nowed_min = 3", "'owed_min_per_h'", "debt.owed_min"),
        ("[[profile]]\nname = 'sofa'\nhour = []", "'hours'", "profile.hour"),
        ("[[profile]]\nname = 'sofa'\n[profile.bands]\n", "'band'", "profile.bands"),
        ("[[profile]]\nname = 'sofa'\n[profile.band.sitting]\ntilt = 9", "'tilt_deg'", "profile.band.sitting.tilt"),
        ("[[profile]]\nname = 'sofa'\n[[profile.alert]]\nname = 'sitting'\nlimt = 9", "'limit'", "profile.alert.limt"),
    ],
)  # fmt: skip
def test_a_typo_is_told_with_the_nearest_name(own, text, meant, key):
    sentence, at = refusal(own, text)
    assert f"did you mean {meant}?" in sentence
    assert at == key


@pytest.mark.parametrize(
    ("text", "says", "key"),
    [
        (
            "[quiet]\nworking_hours = ['mon-fry 08:30-17:30']",
            "'mon-fry' is no day; days are mon",
            "quiet.working_hours",
        ),
        ("[quiet]\nquiet_hours = ['12-13']", "write it as 08:30", "quiet.quiet_hours"),
        ("[quiet]\nquiet_hours = ['12:00-12:00']", "ends when it begins", "quiet.quiet_hours"),
        ("[quiet]\nquiet_hours = [12]", "list of texts", "quiet.quiet_hours"),
        ("[quiet]\nquiet_hours = true", "list of texts", "quiet.quiet_hours"),
        ("[[profile]]\nname = 'sofa'\nhours = ['18:00-25:00']", "'25:00' is no time of day", "profile.hours"),
        ("[[profile]]\nname = 'sofa'\nhours = 18", "list of texts", "profile.hours"),
    ],
)
def test_hours_that_are_none_say_how_they_are_written(own, text, says, key):
    sentence, at = refusal(own, text)
    assert says in sentence
    assert at == key


# ------------------------------------------------------------ wrong values


@pytest.mark.parametrize("posture", ["sitting", "standing"])
@pytest.mark.parametrize("side", ["tilt_deg", "sideways_deg"])
@pytest.mark.parametrize(("head", "prefix"), [("", ""), ("[[profile]]\nname = 'sofa'\n", "profile.")])
def test_half_a_band_under_five_degrees_is_noise(own, posture, side, head, prefix):
    table = f"{head}[{prefix}band.{posture}]\n{side} = "
    sentence, key = refusal(own, f"{table}4.99")
    assert "must be 5 or more: less is noise" in sentence
    assert key == f"{prefix}band.{posture}.{side}"
    own(f"{table}5")


@pytest.mark.parametrize(
    ("section", "key", "wrong", "right"),
    [
        ("budget", "most_per_hour", ("0", "-1", "61", "2.5", "'4'", "true"), "60"),
        ("budget", "apart_s", ("-1", "nan"), "0"),
        ("budget", "answer_s", ("0",), "1"),
        ("fading", "baseline_days", ("-1", "0.5"), "0"),
        ("fading", "least", ("0", "1.01"), "1"),
        ("quiet", "min_p", ("-0.1", "1.01"), "0"),
        ("quiet", "settle_s", ("-1",), "0"),
        ("quiet", "snoozes_in_a_row", ("-1", "1.5"), "0"),
        ("quiet", "meeting_most_s", ("0",), "1"),
        ("debt", "standing_pays", ("-1", "1.1"), "0"),
        ("debt", "owed_min_per_h", ("-1", "61"), "0"),
        ("band", "leak_deg_s", ("-1",), "0"),
        ("band", "step_deg_s", ("-1",), "0"),
        ("band", "forget_s", ("0",), "1"),
    ],
)
def test_numbers_have_their_limits(own, section, key, wrong, right):
    for value in wrong:
        assert refusal(own, f"[{section}]\n{key} = {value}")[1] == f"{section}.{key}"
    own(f"[{section}]\n{key} = {right}")


@pytest.mark.parametrize("text", ["[alert]\nname = 'sitting'", "alert = 'sitting'", "[profile]\nname = 'sofa'"])
def test_one_bracket_is_not_enough(own, text):
    assert "with two brackets" in refusal(own, text)[0]


@pytest.mark.parametrize("table", ["alert", "profile"])
@pytest.mark.parametrize("name", ["", "name = ''", "name = 3"])
def test_a_rule_and_a_place_need_a_name(own, table, name):
    sentence, key = refusal(own, f"[[{table}]]\n{name}")
    assert f"every [[{table}]] needs a name" in sentence
    assert key == f"{table}.name"


@pytest.mark.parametrize("left_out", ["measure", "limit", "clear", "hold_s", "repeat_s"])
def test_a_new_rule_needs_every_number(own, left_out):
    text = "".join(line for line in NEW.splitlines(keepends=True) if not line.startswith(left_out))
    assert refusal(own, text) == (f"[[alert]] 'late' lacks {left_out}", "alert")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("measure = 'heart_rate'", "as measure of 'late'"),
        ("measure = ['sitting_s']", "as measure of 'late'"),
        ("message = 3", "text in quotes"),
        ("limit = 5", "below its limit"),
        ("limit = -9", "below its limit"),
        ("limit = nan", "a number"),
        ("clear = -1", "0 or more"),
        ("hold_s = 0", "1 second or more"),
        ("repeat_s = 0.5", "1 second or more"),
        ("repeat_s = '9'", "a number"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(own, change, part):
    field = change.split(" ")[0]
    text = "".join(f"{change}\n" if line.startswith(field) else line for line in NEW.splitlines(keepends=True))
    sentence, key = refusal(own, text)
    assert part in sentence
    assert key in {f"alert.{field}", "alert.clear"}


@pytest.mark.parametrize(
    ("line", "says"), [("on = 1", "true or false"), ("cue = 3", "as alert.cue"), ("praise = 3", "praise")]
)
def test_words_and_switches_of_a_rule_are_checked(own, line, says):
    sentence, key = refusal(own, NEW + line)
    assert says in sentence
    assert key == f"alert.{line.split(' ')[0]}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Sofa", "write it as 'sofa'"),
        ("living room", "write it as 'living-room'"),
        ("desk", "outside"),
        (AUTO, "hours"),
    ],
)
def test_a_place_has_a_name_that_a_mark_can_mean(own, name, says):
    sentence, key = refusal(own, f"[[profile]]\nname = '{name}'\n")
    assert says in sentence
    assert key == "profile.name"
