"""Recordings -> foreign files: canonical CSV, Parquet, Motion-BIDS. Streamed; a file is put in place when complete."""
