"""The air between software Bluetooth radios: who hears whom, and what goes wrong on the way."""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

from monitor.virtual.clock import Clock, sleep_until
from monitor.virtual.controller import AirController
from monitor.virtual.lane import Lane

# bumble warns of every late packet, which is daily bread here, and would do so over the wearer's screen.
if logging.getLogger("bumble").level == logging.NOTSET:
    logging.getLogger("bumble").setLevel(logging.ERROR)

Action: TypeAlias = str | Callable[..., object]
Step: TypeAlias = tuple[float, Action, Sequence[Any] | Mapping[str, Any]]
"""(at_s, action, arguments): at which time of the clock, which method of the Air or which callable, with what."""

ACTIONS = ("drop", "out_of_range", "back", "lose", "lag", "set_rssi")
_ATT_NOTIFICATION = bytes((0x04, 0x00, 0x1B))  # L2CAP channel 4 (ATT), opcode Handle Value Notification


@dataclass(slots=True)
class Tally:
    """Data packets that one radio has handed to the air since it was opened."""

    passed: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Station:
    """One radio and how the air treats what it sends."""

    controller: AirController
    chance: random.Random
    jitter: random.Random
    rssi_dbm: int = -50
    in_range: bool = True
    probability: float = 0.0
    every: int = 0
    requests_too: bool = False
    lag_s: float = 0.0
    jitter_s: float = 0.0
    eligible: int = 0
    tally: Tally = field(default_factory=Tally)
    supervision: asyncio.TimerHandle | None = None

    def loses(self, data: bytes) -> bool:
        """Whether this packet is lost; deterministic in the packets sent since the rule was set."""
        if not (self.requests_too or data[2:5] == _ATT_NOTIFICATION):
            return False
        self.eligible += 1
        by_count = self.every > 0 and self.eligible % self.every == 0
        by_chance = self.probability > 0 and self.chance.random() < self.probability
        return by_count or by_chance

    def delay_s(self) -> float:
        """How long the next packet takes, s."""
        return self.lag_s + (self.jitter.random() * self.jitter_s if self.jitter_s else 0.0)


class Air(LocalLink):
    """The medium that joins the radios of one process.

    Simulated: advertisements and scan responses with a signal strength per radio; connections; a radio going out of
    range and coming back; the supervision timeout that ends a link whose peer has vanished; a link dropped by one
    side; lost packets; lag with jitter that keeps the order. All chance comes from `seed`.

    NOT simulated: radio timing (no connection interval, no channels, no air time, no throughput limit), interference,
    and the link layer's retransmission. A real link layer repeats a packet until it arrives or the link dies; packets
    are lost only where a sensor's or a host's buffer overflows. So by default `lose` takes only notifications, which
    nobody acknowledges, and a link never dies of loss. Here a packet is one whole L2CAP PDU.

    Radios are named; a name says which radio's *sending* a rule is about. Times are real seconds (the radio does not
    speed up with the wearer's clock).
    """

    def __init__(self, *, seed: int = 0, supervision_timeout_s: float = 0.7) -> None:
        super().__init__()
        self.seed = seed
        self.supervision_timeout_s = supervision_timeout_s
        self._stations: dict[str, _Station] = {}
        self._lanes: dict[tuple[str, str], tuple[Connection, Lane]] = {}
        self._scripts: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ what a test or a demo calls

    def drop(self, name: str) -> None:
        """End every link of this radio at once, on both sides, as if it had hung up."""
        station = self._station(name)
        for connection in list(station.controller.le_connections.values()):
            self._end_peer_of(station.controller, connection, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)
            station.controller.end(connection, hci.HCI_CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)

    def out_of_range(self, name: str) -> None:
        """Nobody hears this radio any more, nor it them; its links die after the supervision timeout."""
        station = self._station(name)
        station.in_range = False
        if station.supervision is None:
            loop = asyncio.get_running_loop()
            station.supervision = loop.call_later(self.supervision_timeout_s, self._supervision_expired, station)

    def back(self, name: str) -> None:
        """Be in range again. A link that has not yet timed out goes on; what was sent meanwhile is lost."""
        station = self._station(name)
        station.in_range = True
        if station.supervision is not None:
            station.supervision.cancel()
            station.supervision = None

    def lose(self, name: str, probability: float = 0.0, every: int = 0, *, requests_too: bool = False) -> None:
        """Lose what this radio sends: each packet with `probability`, or every n-th, or both. `lose(name)` ends it.

        requests_too : lose requests, responses and commands as well, which then time out after 30 s
        """
        if not 0.0 <= probability <= 1.0 or every < 0:
            raise ValueError(f"probability {probability} must be 0 to 1 and every {every} at least 0")
        station = self._station(name)
        station.probability, station.every, station.requests_too = probability, every, requests_too
        station.eligible = 0
        station.chance.seed(f"{self.seed}:{name}:chance")

    def lag(self, name: str, lag_s: float = 0.0, jitter_s: float = 0.0) -> None:
        """Delay what this radio sends by lag_s plus 0 to jitter_s, real s; the order is kept. `lag(name)` ends it."""
        if lag_s < 0 or jitter_s < 0:
            raise ValueError(f"lag_s {lag_s} and jitter_s {jitter_s} must not be negative")
        station = self._station(name)
        station.lag_s, station.jitter_s = lag_s, jitter_s
        station.jitter.seed(f"{self.seed}:{name}:jitter")

    def set_rssi(self, name: str, rssi_dbm: int) -> None:
        """The strength at which others hear this radio's advertisements, -127 to 20 dBm."""
        if not -127 <= rssi_dbm <= 20:
            raise ValueError(f"rssi_dbm {rssi_dbm} must be -127 to 20")
        self._station(name).rssi_dbm = rssi_dbm

    def tally(self, name: str) -> Tally:
        """What became of the packets this radio sent."""
        return self._station(name).tally

    def play_script(self, steps: Sequence[Step], clock: Clock, speed: float = 1.0) -> asyncio.Task[None]:
        """Carry out `steps` at their times of `clock` (`speed` of its seconds pass in a real one); cancel to stop.

        An action is the name of one of ACTIONS or any callable (a twin's fault, say). Arguments are a sequence or, by
        name, a mapping. Steps are ordered by time; await the task to see an error.
        """
        calls = [(at_s, self._bind(action, arguments)) for at_s, action, arguments in sorted(steps, key=_time_of)]

        async def play() -> None:
            for at_s, call in calls:
                await sleep_until(at_s, clock, speed)
                call()

        task = asyncio.get_running_loop().create_task(play(), name="air script")
        self._scripts.add(task)
        task.add_done_callback(self._scripts.discard)
        return task

    async def close(self) -> None:
        """Stop scripts and timers and take all radios off the air."""
        scripts = list(self._scripts)
        for task in scripts:
            task.cancel()
        await asyncio.gather(*scripts, return_exceptions=True)
        for station in list(self._stations.values()):
            self.remove_controller(station.controller)
        for _, lane in self._lanes.values():
            lane.clear()

    # ------------------------------------------------------------ what bumble calls

    def add_controller(self, controller: Controller) -> None:
        """Put a radio on the air; its name must be new."""
        if not isinstance(controller, AirController):
            raise TypeError("only an AirController knows how to be on this air")
        if controller.name in self._stations:
            raise ValueError(f"there is a radio named {controller.name!r} on this air already")
        name = controller.name
        chance, jitter = (random.Random(f"{self.seed}:{name}:{what}") for what in ("chance", "jitter"))
        self._stations[name] = _Station(controller, chance, jitter)
        super().add_controller(controller)

    def remove_controller(self, controller: Controller) -> None:
        """Take a radio off the air. Its peers see the link time out; nothing that it sent arrives any more."""
        station = self._stations.get(controller.name)
        if station is None or station.controller is not controller:
            return  # it has left already
        del self._stations[controller.name]
        super().remove_controller(controller)
        if station.supervision is not None:
            station.supervision.cancel()
        station.controller.stop_advertising()
        loop = asyncio.get_running_loop()
        for connection in list(station.controller.le_connections.values()):
            if (other := self._peer_of(station.controller, connection)) is not None:
                loop.call_later(self.supervision_timeout_s, other[0].end, other[1], hci.HCI_CONNECTION_TIMEOUT_ERROR)
            station.controller.end(connection, hci.HCI_CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Advertisements go to whoever listens; a request to connect goes to the one addressed."""
        sender = sender_controller
        if isinstance(packet, ll.ConnectInd):
            for receiver in self._stations.values():
                if self._reachable(sender, receiver.controller):
                    receiver.controller.on_ll_advertising_pdu(packet)
            return
        loop = asyncio.get_running_loop()
        for receiver in self._stations.values():
            if isinstance(sender, AirController) and receiver.controller.is_listening:
                loop.call_soon(self._advertise, sender, receiver.controller, packet)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """One L2CAP PDU: lost, late, or delivered, always in order."""
        station = self._stations.get(sender_controller.name)
        receiver = self.find_le_controller(destination_address)
        if station is None or receiver is None or transport != PhysicalTransport.LE:
            return
        source = sender_controller.random_address
        link = receiver.le_connections.get(source)
        if link is None or not self._reachable(sender_controller, receiver) or station.loses(data):
            station.tally.lost += 1
            return

        def arrive() -> None:
            # A packet of an earlier link must not surface in a later one between the same two radios.
            if receiver.le_connections.get(source) is link and self._reachable(sender_controller, receiver):
                station.tally.passed += 1
                receiver.on_link_acl_data(source, transport, data)
            else:
                station.tally.lost += 1

        self._lane(sender_controller.name, receiver.name, link).push(station.delay_s(), arrive)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Link control: never lost but by range, and in order with the data."""
        sender = self.find_le_controller(sender_address)
        receiver = self.find_le_controller(receiver_address)
        link = receiver.le_connections.get(sender_address) if receiver is not None else None
        if sender is None or not isinstance(receiver, AirController) or link is None:
            return

        def arrive() -> None:
            if receiver.le_connections.get(sender_address) is not link:
                return
            if self._reachable(sender, receiver):
                receiver.on_ll_control_pdu(sender_address, packet)
            elif isinstance(packet, ll.TerminateInd):
                # It will never learn that the other has hung up, only that the other has gone silent.
                loop = asyncio.get_running_loop()
                loop.call_later(self.supervision_timeout_s, receiver.end, link, hci.HCI_CONNECTION_TIMEOUT_ERROR)

        station = self._stations.get(sender.name)
        self._lane(sender.name, receiver.name, link).push(station.delay_s() if station is not None else 0.0, arrive)

    # ------------------------------------------------------------ inside

    def _station(self, name: str) -> _Station:
        try:
            return self._stations[name]
        except KeyError:
            known = ", ".join(self._stations) or "none"
            raise LookupError(f"no radio named {name!r} on this air; there is: {known}") from None

    def _lane(self, sender: str, receiver: str, link: Connection) -> Lane:
        """The way of a link's packets, in one direction; a new link does not queue behind the last one's."""
        known = self._lanes.get((sender, receiver))
        if known is None or known[0] is not link:
            known = self._lanes[sender, receiver] = (link, Lane())
        return known[1]

    def _reachable(self, one: Controller, other: Controller) -> bool:
        if one is other:
            return False
        stations = [self._stations.get(controller.name) for controller in (one, other)]
        return all(station is not None and station.in_range for station in stations)

    def _advertise(self, sender: AirController, receiver: AirController, packet: ll.AdvertisingPdu) -> None:
        if not isinstance(packet, ll.AdvInd | ll.AdvExtInd) or not self._reachable(sender, receiver):
            return
        # Between sending and hearing, the sender may have stopped: nobody could connect to it any more.
        if sender.advertises_as(packet.advertiser_address):
            rssi_dbm = self._stations[sender.name].rssi_dbm
            receiver.hear(packet, rssi_dbm, sender.scan_response(packet.advertiser_address))

    def _peer_of(self, controller: AirController, connection: Connection) -> tuple[AirController, Connection] | None:
        peer = self.find_le_controller(connection.peer_address)
        if not isinstance(peer, AirController) or peer is controller:
            return None
        link = peer.le_connections.get(connection.self_address)
        return (peer, link) if link is not None else None

    def _end_peer_of(self, controller: AirController, connection: Connection, reason: int) -> None:
        if (other := self._peer_of(controller, connection)) is not None:
            other[0].end(other[1], reason)

    def _supervision_expired(self, station: _Station) -> None:
        station.supervision = None
        for connection in list(station.controller.le_connections.values()):
            self._end_peer_of(station.controller, connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)
            station.controller.end(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)

    def _bind(self, action: Action, arguments: Sequence[Any] | Mapping[str, Any]) -> Callable[[], object]:
        if isinstance(action, str):
            if action not in ACTIONS:
                raise ValueError(f"unknown action {action!r}; there is: {', '.join(ACTIONS)}")
            method: Callable[..., object] = getattr(self, action)
        else:
            method = action
        if isinstance(arguments, Mapping):
            return lambda: method(**arguments)
        return lambda: method(*arguments)


def _time_of(step: Step) -> float:
    if not math.isfinite(step[0]):
        raise ValueError(f"a step's time must be a number, not {step[0]}")
    return step[0]
