"""What a source yields, up to a point."""

import asyncio
import contextlib

import pytest


async def records_until(source, done, timeout_s=30.0):
    """Records until `done(records)`; fails where that takes too long."""
    records = []
    async with asyncio.timeout(timeout_s), contextlib.aclosing(source.records()) as stream:
        async for record in stream:
            records.append(record)
            if done(records):
                return records
    pytest.fail("the records ended")
