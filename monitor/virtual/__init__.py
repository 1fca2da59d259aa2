"""A Bluetooth radio in software: an air, radios on it, a bleak backend, and a twin of each sensor.

air            who hears whom, and what goes wrong on the way
radio          opens and closes a radio on the air
bleak_backend  the radio as bleak sees it: BumbleScanner, BumbleClient
clock          the wearer's time, which may run faster than real time
twins/         one sensor each: its GATT table, its bytes, its moods

This package itself imports nothing: bumble is slow to load and an optional extra (`pip install sitwell[virtual]`).
"""
