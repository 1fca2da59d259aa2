"""[[alert]], [band], [budget], [fading], [quiet], [debt] and [[profile]]: what the prompts depend on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, cast

from monitor import messages
from monitor.config.strict import number, one_of, section, texts, unknown
from monitor.errors import ConfigError
from monitor.states.rules import AUTO, CUES, DESK, MEASURES, AlertRule, AlertSettings, BandParams, Place, hours_of

KEYS = ("alert", "band", "budget", "debt", "fading", "profile", "quiet")
LEAST_DEG = 5.0  # half a band narrower than this is noise: a belt sensor repeats within 5.2 deg (Man Ther 2010;15:160)
RULE_DEFAULTS = {"message": "", "praise": "", "cue": "all", "on": True}
_PROFILE = ("name", "hours", "band", "alert")


def prompts_from(
    mapping: Mapping[str, Any], base: AlertSettings, shipped: Sequence[Mapping[str, Any]], where: str
) -> AlertSettings:
    """`base` with the KEYS of `mapping` laid over it.

    Alerts and profiles are laid over those of the same name. Whatever a profile leaves out is as it is outside
    [[profile]]; shipped: the [[profile]] tables that lie between. Raises ConfigError.
    """
    sections = {name: section(name, getattr(base, name), mapping[name], where) for name in _own(mapping)}
    desk = _laid_over(base.places[0], mapping, where, "")
    places = {DESK: desk}
    for table in shipped:
        places[table["name"]] = _laid_over(replace(desk, name=table["name"]), table, where, "profile.")
    for table in _tables(mapping.get("profile", []), "profile", where):
        name = table.get("name")
        if not isinstance(name, str) or not name:
            raise ConfigError("every [[profile]] needs a name, such as name = 'sofa'", where, "profile.name")
        if why := _misnamed(name):
            raise ConfigError(f"name of [[profile]] is {name!r}; {why}", where, "profile.name")
        for key in table:
            if key not in _PROFILE:
                raise ConfigError(unknown(key, _PROFILE, f"in [[profile]] {name!r}"), where, f"profile.{key}")
        places[name] = _laid_over(places.get(name) or replace(desk, name=name, hours=()), table, where, "profile.")
    settings = replace(base, places=tuple(places.values()), **sections)
    for key in ("working_hours", "quiet_hours"):
        _checked_hours(getattr(settings.quiet, key), f"quiet.{key}", where)
    _check(settings, where)
    return settings


def _misnamed(name: str) -> str:
    """Why no mark or command could mean a profile of this name; '' if it could."""
    if name == DESK:
        return "that is what stands outside [[profile]], so write its settings there"
    if name == AUTO:
        return "that lets the hours choose, so give it another name"
    said = "-".join(name.lower().split())
    return "" if name == said else f"write it as {said!r}"


def _own(mapping: Mapping[str, Any]) -> list[str]:
    return [name for name in ("debt", "budget", "fading", "quiet") if name in mapping]


def _check(settings: AlertSettings, where: str) -> None:
    """Limits that lie between the settings."""
    checks: tuple[tuple[bool, str, str], ...] = (
        (settings.budget.most_per_hour > 60, "budget.most_per_hour", "60 or less"),
        (settings.fading.least > 1.0, "fading.least", "above 0, and 1 or less: 1 switches fading off"),
        (settings.quiet.min_p > 1.0, "quiet.min_p", "1 or less"),
        (settings.debt.standing_pays > 1.0, "debt.standing_pays", "1 or less"),
        (settings.debt.owed_min_per_h > 60.0, "debt.owed_min_per_h", "60 or less"),
    )
    for wrong, key, must in checks:
        if wrong:
            raise ConfigError(f"{key} must be {must}", where, key)


def _laid_over(place: Place, table: Mapping[str, Any], where: str, prefix: str) -> Place:
    """The bands, alerts and hours of a table laid over those of a profile."""
    band = place.band
    if "band" in table:
        band = cast("BandParams", section(f"{prefix}band", band, table["band"], where))
        for posture in ("sitting", "standing"):
            for side in ("tilt_deg", "sideways_deg"):
                if getattr(getattr(band, posture), side) < LEAST_DEG:
                    key = f"{prefix}band.{posture}.{side}"
                    raise ConfigError(f"{key} must be {LEAST_DEG:g} or more: less is noise", where, key)
    hours = place.hours
    if prefix and "hours" in table:
        hours = texts(table["hours"], "profile.hours", where)
        _checked_hours(hours, "profile.hours", where)
    rules = rules_from(table["alert"], place.rules, where, prefix) if "alert" in table else place.rules
    return replace(place, band=band, rules=rules, hours=hours)


def _checked_hours(all_hours: Sequence[str], key: str, where: str) -> None:
    for text in all_hours:
        try:
            hours_of(text)
        except ValueError as error:
            raise ConfigError(f"{key} has {text!r}: {error}", where, key) from None


def _tables(value: object, name: str, where: str) -> list[Mapping[str, Any]]:
    tables = cast("list[object]", value) if isinstance(value, list) else [None]
    if not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{name} must be written as [[{name}]], with two brackets", where, name)
    return cast("list[Mapping[str, Any]]", tables)


def rules_from(tables: object, base: tuple[AlertRule, ...], where: str, prefix: str = "") -> tuple[AlertRule, ...]:
    """The rules of `base` with [[alert]] tables laid over those of the same name."""
    rules = {rule.name: rule for rule in base}
    known = [f.name for f in fields(AlertRule)]
    for table in _tables(tables, f"{prefix}alert", where):
        name = table.get("name")
        if not isinstance(name, str) or not name:
            raise ConfigError("every [[alert]] needs a name, such as name = 'sitting'", where, f"{prefix}alert.name")
        for key in table:
            if key not in known:
                raise ConfigError(unknown(key, known, f"in [[alert]] {name!r}"), where, f"{prefix}alert.{key}")
        given = {**RULE_DEFAULTS, **(asdict(rules[name]) if name in rules else {}), **table}
        missing = [key for key in known if key not in given]
        if missing:
            near = unknown(name, rules) if rules else ""
            hint = f" ({near})" if "did you mean" in near else ""
            raise ConfigError(f"[[alert]] {name!r} lacks {', '.join(missing)}{hint}", where, f"{prefix}alert")
        rules[name] = _rule(given, where, prefix)
    return tuple(rules.values())


def _rule(given: Mapping[str, Any], where: str, prefix: str) -> AlertRule:
    name: str = given["name"]

    def key(field: str) -> str:
        return f"{prefix}alert.{field}"

    if not isinstance(given["measure"], str) or given["measure"] not in MEASURES:
        raise ConfigError(unknown(str(given["measure"]), MEASURES, f"as measure of {name!r}"), where, key("measure"))
    for field in ("message", "praise"):
        if not isinstance(given[field], str):
            raise ConfigError(f"the {field} of {name!r} must be text in quotes", where, key(field))
    if not isinstance(given["on"], bool):
        raise ConfigError(f"on of alert {name!r} is {given['on']!r}; it must be true or false", where, key("on"))
    cue = one_of(CUES, given["cue"], key("cue"), where)
    numbers: dict[str, float] = {}
    for field in ("limit", "clear", "hold_s", "repeat_s"):
        try:
            numbers[field] = number(given[field], 0.0, f"{field} of alert {name!r}", where)
        except ConfigError as error:
            error.key = key(field)
            raise
    if not 0.0 <= numbers["clear"] < numbers["limit"]:
        raise ConfigError(f"clear of alert {name!r} must be 0 or more and below its limit", where, key("clear"))
    for field in ("hold_s", "repeat_s"):
        if numbers[field] < 1.0:
            raise ConfigError(f"{field} of alert {name!r} must be 1 second or more", where, key(field))
    return AlertRule(
        name=name,
        measure=given["measure"],
        message=given["message"] or messages.text(f"prompt.{name}", messages.text("prompt.other")),
        praise=given["praise"] or messages.text(f"praise.{name}", messages.text("praise.other")),
        cue=cue,
        on=given["on"],
        **numbers,
    )
