"""The two lines at the top: what runs, its file and the time; then the sensor and its radio link. Pure."""

from collections.abc import Sequence

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.words import LINK_WORDS, clock, fit
from monitor.snapshot import LinkView, Player, Snapshot
from monitor.stream import LinkState

LOW_BATTERY_PERCENT = 15
_BETWEEN = " · "


def draw(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """Both lines; with one row to spare the sensor's line, which matters more."""
    return [_top(snapshot, columns), _link(snapshot.link, columns)][-rows:]


def draw_player(player: Player, columns: int) -> Row:
    """Where the replay is, in the longest words that find room."""
    here, length, speed = clock(player.position_s), clock(player.length_s), speed_word(player.speed)
    if player.goal_s is not None:
        goal = f" {clock(player.goal_s)}" if player.goal_s <= player.length_s else ""
        texts = [f" » seeking{goal}, now at {here} of {length}", f" » seeking{goal}, at {here}", f" » {here}"]
    elif player.ended:
        texts = [f" ■ ended, {length}; ← goes back, q leaves", f" ■ ended, {length}; q leaves", " ■ ended"]
    else:
        symbol, state = ("‖", "paused") if player.paused else ("▶", "playing")
        texts = [
            f" {symbol} {state}, {here} of {length}, speed {speed}",
            f" {symbol} {state}, {here}, {speed}",
            f" {symbol} {here}, {speed}",
            f" {symbol} {here}",
        ]
    return ((next((text for text in texts if len(text) <= columns), fit(texts[-1], columns)), "strong"),)


def speed_word(speed: float) -> str:
    """'2×', or 'max' for as fast as it can."""
    return "max" if speed == float("inf") else f"{speed:g}×"


def draw_ended(snapshot: Snapshot, columns: int) -> Row:
    """That nothing more will come, and what is left to do."""
    what = "replay" if snapshot.mode == "replay" else "session"
    return ((fit(f" ■ The {what} has ended. Press q to leave.", columns), "strong"),)


def _top(snapshot: Snapshot, columns: int) -> Row:
    name = f" sitwell {snapshot.mode}"
    verb = "playing" if snapshot.mode == "replay" else "recording to"
    room = columns - len(name) - len(snapshot.clock) - 4
    recording = fit(f"{verb} {snapshot.recording}", room) if snapshot.recording else ""
    return ((name, "strong"), ("  " + recording.ljust(room + 1), "quiet"), (snapshot.clock + " ", "strong"))


def _link(link: LinkView, columns: int) -> Row:
    symbol, state = LINK_WORDS[link.state]
    role = {LinkState.CONNECTED: "good", LinkState.LOST: "alert"}.get(link.state, "warn")
    connected = link.state is LinkState.CONNECTED
    cause = f": {link.cause}" if link.cause and not connected else ""
    row: list[tuple[str, str]] = [(fit(f" {symbol} {link.sensor} {state}{cause}", columns), role)]
    left = columns - len(row[0][0])
    for text, text_role in _figures(link):
        if len(text) + len(_BETWEEN) <= left:
            row += [(_BETWEEN, "quiet"), (text, text_role)]
            left -= len(text) + len(_BETWEEN)
    return tuple(row)


def _figures(link: LinkView) -> Sequence[tuple[str, str]]:
    """The most useful first: those that find no room are left out."""
    low = link.battery_percent is not None and link.battery_percent < LOW_BATTERY_PERCENT
    battery = "battery ?" if link.battery_percent is None else f"battery {link.battery_percent} %{' low' * low}"
    figures = [(battery, "warn" if low else "")]
    if link.state is LinkState.CONNECTED:
        figures.append((f"{link.rate_hz:.1f} Hz", ""))
    figures.append((f"{link.lost_percent:.1f} % lost", ""))
    if link.bad_packets:
        figures.append((f"{link.bad_packets} bad packet{'' if link.bad_packets == 1 else 's'}", "warn"))
    return figures
