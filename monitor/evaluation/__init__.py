"""How right sitwell is: recordings with labels through the pipeline, scored. `sitwell evaluate` prints it.

datasets, harth      : readers; each gives Sessions (session.py), whatever the layout of the set
answers              : a session through the analysis, four ways
posture (with posture_tables), walking, transitions, lag, trials, steps, tilt, inclination, worn, sitting :
                       one capability each: measure a session, figures of people, tables of figures
targets              : what each figure should be
differences          : two analyses of recordings compared, for `sitwell diff`
run                  : which set is scored for what, over processes
"""
