"""Arrays in, arrays out: orientation, zero, epochs and gait. Pure and streaming; no result depends on block length."""
