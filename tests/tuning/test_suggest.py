"""A proposal from marks: what it is chosen on and scored on, and when there is none."""

import pytest
from desk import FIXED, SITTING
from prompting import settings_with
from recorded import scripted

from monitor.errors import SitwellError
from monitor.states.bouts import BoutParams
from monitor.tuning.days import worn
from monitor.tuning.score import Label
from monitor.tuning.suggest import Marked, suggest, together

BEFORE = settings_with([SITTING], FIXED)  # 30 min seated, again after 15
EVENTS = scripted("s3300 w90 s2000 w90 s2000")


def day(number, *marks):
    labels = tuple(Label(0, t_s, t_s, meaning) for t_s, meaning in marks)
    session = worn(f"d{number}", 1e9 + number * 86_400, EVENTS, BoutParams())
    return Marked(session, f"2026-09-{number + 1:02d}", labels)


def too_early(number):
    """Prompts at half an hour are wrong, those long after it are wanted."""
    return day(number, (1804.0, "wrong"), (2704.0, "right"), (5194.0, "wrong"), (7284.0, "wrong"))


def test_what_the_marks_ask_for_is_chosen_and_holds_on_the_other_days():
    found = suggest([too_early(n) for n in range(6)], BEFORE)
    assert 1809.0 <= found.settings.places[0].rules[0].limit <= 3004.0
    assert (found.chosen.days, found.scored.days, found.chosen.marks, found.scored.marks) == (3, 3, 12, 12)
    for part in (found.chosen, found.scored):
        assert part.before.precision == pytest.approx(0.25)
        assert (part.after.precision, part.after.recall) == (1.0, 1.0)
        assert part.after.prompts_per_h < part.before.prompts_per_h
    assert found.holds


def test_marks_that_say_otherwise_on_the_other_days_do_not_bear_it_out():
    as_now = ((1804.0, "right"), (2704.0, "right"), (5194.0, "right"), (7284.0, "right"))
    days = [day(n, *as_now) if n % 2 else too_early(n) for n in range(6)]
    found = suggest(days, BEFORE)
    assert found.settings != BEFORE
    assert not found.holds


def test_where_all_is_right_nothing_is_proposed():
    days = [day(n, (1804.0, "right"), (2704.0, "right"), (5194.0, "right"), (7284.0, "right")) for n in range(4)]
    found = suggest(days, BEFORE)
    assert found.settings == BEFORE
    assert not found.holds


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([too_early(n) for n in range(3)], "12 marks on 3 days: a proposal takes 12 on 4"),
        ([day(n, (1804.0, "right")) for n in range(8)], "8 marks on 8 days"),
        ([day(n, *((1804.0 + k, "wrong") for k in range(4))) for n in range(4)], "marked 'right'"),
        ([], "0 marks on 0 days"),
    ],
)
def test_too_few_marks_are_refused_with_what_it_takes(days, said):
    with pytest.raises(SitwellError, match=said) as error:
        suggest(days, BEFORE)
    assert "sitwell label" in str(error.value)


def test_progress_reaches_the_end():
    parts = []
    suggest([too_early(n) for n in range(4)], BEFORE, progress=parts.append)
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_marks_go_with_their_sessions_whatever_the_order():
    days, labels = together([too_early(2), day(5), too_early(1)])
    assert [each.name for each in days.sessions] == ["d1", "d2", "d5"]
    assert [each.session for each in labels] == [0] * 4 + [1] * 4
