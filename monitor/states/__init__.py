"""Epochs in, events out: wear, posture, bouts and alerts. Pure state machines that move once a second."""
