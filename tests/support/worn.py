"""A twin on the air and its driver's own set-up on it, for the tests of the twins."""

import contextlib

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakGATTProtocolError

from monitor.sources.ble.reach import Reach
from monitor.virtual import radio
from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
from monitor.virtual.clock import WearerClock

INVALID_LENGTH, NOT_ALLOWED = 0x0D, 0x13


def swaying(t_s):
    """Something that differs in every sample, and turns at up to 300 deg/s."""
    acc_g = np.stack([np.sin(7 * t_s), 0.3 * np.cos(11 * t_s), 0.9 + 0.1 * np.sin(3 * t_s)], axis=1)
    gyr_dps = np.stack([300 * np.sin(5 * t_s), 20 * np.cos(2 * t_s), -3 * np.ones_like(t_s)], axis=1)
    return acc_g, gyr_dps


class Worn:
    """A twin that is switched on, a central, and what came of it by the driver's own set-up."""

    def __init__(self, central, twin, driver):
        self.central, self.twin, self.driver = central, twin, driver
        self.payloads, self.lost, self.reach = [], 0, None

    async def device(self):
        device = await BleakScanner.find_device_by_name(self.twin.name, 5.0, backend=BumbleScanner, radio=self.central)
        assert device is not None
        return device

    async def _new_client(self, gone=None):
        return BleakClient(await self.device(), gone, timeout=5.0, backend=BumbleClient, radio=self.central)

    async def open(self, rate_hz=None):
        """Connect, pair if need be, start the stream; what came before is forgotten, the decoder is kept."""
        self.payloads.clear()
        client = await self._new_client(lambda _: self._lost())
        self.reach = Reach(self.driver, self.twin.name, client, speed=self.twin.speed, on_packet=self.payloads.append)
        self.decoder = await self.reach.open(rate_hz or self.driver.default_rate_hz)

    def _lost(self):
        self.lost += 1

    @contextlib.asynccontextmanager
    async def client(self):
        """A bare client, for what no driver does."""
        client = await self._new_client()
        await client.connect()
        try:
            yield client
        finally:
            await client.disconnect()

    def parts(self):
        """What came, decoded; nothing refused."""
        parts = [self.decoder.feed(payload) for payload in self.payloads]
        assert not [part.bad for part in parts if part.bad]
        return parts


@contextlib.asynccontextmanager
async def wearing(air, driver, kind, speed=1.0, play=swaying, **options):
    """A twin of this kind, switched on, and its Worn; options: of the twin."""
    central = await radio.open_central(air)
    worn = Worn(central, kind(air, play, clock=WearerClock(speed), speed=speed, **options), driver)
    await worn.twin.start()
    try:
        yield worn
    finally:
        if worn.reach is not None:
            await worn.reach.close(stop=False)
        await worn.twin.stop()
        await radio.close(air, central)


async def refused(client, uuid, value):
    """The ATT error of a write."""
    with pytest.raises(BleakGATTProtocolError) as error:
        await client.write_gatt_char(uuid, bytes(value), response=True)
    return int(error.value.code)
