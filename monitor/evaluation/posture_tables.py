"""The tables of posture's figures."""

from collections.abc import Mapping
from typing import Any

from monitor.evaluation.answers import WAYS
from monitor.evaluation.posture import BINS, PEER_LABEL
from monitor.evaluation.scoring import CLASSES
from monitor.evaluation.tables import Table, interval, number, percent


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented; name: of the set."""
    ways: dict[str, Any] = told["ways"]
    size = f"{told['people']} people, {told['sessions']} sessions, {told['seconds']} seconds scored"
    posture = Table(
        f"Posture, {name}: {size}",
        ("way", "balanced accuracy", "95 % over people", "no answer", *(f"{each} found" for each in CLASSES)),
        [
            (
                label(way),
                number(each["balanced_accuracy"]["value"]),
                interval(each["balanced_accuracy"]),
                percent(each["no_answer"]),
                *(number(each["found"][posture]) for posture in CLASSES),
            )
            for way, each in ways.items()
        ],
        "Balanced accuracy: mean of the four shares found, pooled over people. No answer: unknown, not-worn or "
        "no-data, counted as wrong." + _without_zero(told),
    )
    people = [
        _people_table(f"Posture, one figure a person, {name}", ways, "balanced_accuracy_people", "Balanced accuracy."),
        _people_table(
            f"Sitting against standing, one figure a person, {name}",
            ways,
            "sit_stand_people",
            "Mean of the shares of sitting and of standing seconds found; any other answer is wrong.",
        ),
    ]
    bouts = Table(
        f"Where it goes wrong: sitting and standing bout by bout, {name}",
        ("way", "1st sitting", "later sitting", "1st standing", "later standing", "bouts", "bouts missed"),
        [_bouts_row(way, each["bouts"]) for way, each in ways.items()],
        "Mean share found of a bout. Missed: less than a tenth of it was found.",
    )
    matrices = [
        Table(
            f"Seconds by label and answer, {name}, {label(way)}",
            ("label", *CLASSES, "no answer"),
            [(posture, *map(str, row)) for posture, row in each["confusion"].items()],
        )
        for way, each in ways.items()
        if way in WAYS
    ]
    return [
        posture,
        *people,
        bouts,
        _sitting_table(name, ways),
        *_calibration_tables(name, ways),
        *matrices,
        *_beside_tables(name, ways),
    ]


def label(way: str) -> str:
    """How a table calls the way."""
    return WAYS[way].label if way in WAYS else PEER_LABEL


def _without_zero(told: Mapping[str, Any]) -> str:
    """What sessions without any level walking cost: there, sitting and standing must stay unknown."""
    absent = told["sessions_without_zero"]
    if not absent:
        return ""
    rest = (f"{number(each['balanced_accuracy_with_zero'])} {label(way)}" for way, each in told["ways"].items())
    return f" Sessions without any level walking before them: {absent}. Without those: {'; '.join(rest)}."


def _people_table(title: str, ways: Mapping[str, Any], key: str, note: str) -> Table:
    return Table(
        title,
        ("way", "mean", "95 % over people", "median", "10th percentile", "weakest"),
        [
            (
                label(way),
                number(each[key]["mean"]),
                interval(each[key]),
                *(number(each[key][of]) for of in ("median", "p10", "least")),
            )
            for way, each in ways.items()
        ],
        note,
    )


def _bouts_row(way: str, each: Mapping[str, float]) -> tuple[str, ...]:
    names = ("first_sitting", "later_sitting", "first_standing", "later_standing")
    return (label(way), *(number(each[name]) for name in names), f"{each['bouts']:.0f}", f"{each['missed']:.0f}")


def _sitting_table(name: str, ways: Mapping[str, Any]) -> Table:
    rows: list[tuple[str, ...]] = []
    for way, each in ways.items():
        error, bias = each["sitting_time"]["absolute_percent"], each["sitting_time"]["bias_percent"]
        rows.append(
            (
                label(way),
                number(error["mean"], 1),
                interval(error, 1),
                number(error["median"], 1),
                number(error["p90"], 1),
                f"{bias['value']:+.1f}",
                interval(bias, 1),
                number(each["sitting_time"]["absolute_min_per_h"]["mean"], 1),
            )
        )
    return Table(
        f"Sitting time, one figure a person, {name}, in % of the labelled sitting time",
        ("way", "mean absolute", "95 %", "median", "90th percentile", "bias", "95 %", "min per scored hour"),
        rows,
        "Seconds answered 'sitting' less seconds labelled so. The bias is that of all people together.",
    )


def _calibration_tables(name: str, ways: Mapping[str, Any]) -> list[Table]:
    """One table: for each bin of posture_p, how many answers of each way are in it and which share of them is right."""
    given = {way: each["calibration"] for way, each in ways.items() if "calibration" in each}
    rows: list[tuple[str, ...]] = []
    for place, low in enumerate(BINS):
        cells: list[str] = []
        for each in given.values():
            row = each["bins"][place]
            many = row["answers"] > 0
            cells.append(f"{row['mean_p']:.2f} → {row['right']:.2f} ({row['answers']:.0f})" if many else "–")
        rows.append((f"{low:.2f} and more", *cells))
    rows.append(("distance", *(number(each["expected_error"]) for each in given.values())))
    return [
        Table(
            f"Is the probability true? {name}: mean posture_p → share right (answers)",
            ("posture_p", *map(label, given)),
            rows,
            "Answers that name one of the four postures. Distance: of mean probability and share right, over all bins.",
        )
    ]


def _beside_tables(name: str, ways: Mapping[str, Any]) -> list[Table]:
    columns = (*CLASSES, "unknown", "no-data", "not-worn")
    return [
        Table(
            f"What the rest is called, {name}, {label(way)}: seconds that are not scored",
            ("label", *columns),
            [(what, *(str(row.get(column, 0)) for column in columns)) for what, row in sorted(each["beside"].items())],
        )
        for way, each in ways.items()
        if each.get("beside")
    ]
