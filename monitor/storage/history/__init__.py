"""History: all sessions of one wearer in one SQLite file, brought up to date from the recordings at any time.

schema    its tables; how it is opened and held
calendar  session time to local days, by the zone that the session was recorded in
digest    one session's events to rows: sums by day, bouts, breaks, transitions, alerts
reading   one recording to its digest: by the events stored in it, or by those made anew from its records
store     refresh, rebuild, forget
queries   rows out
"""
