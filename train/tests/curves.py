"""Compares what TensorBoard reads of a run's event files with the run's `metrics.csv`: the same steps, the same values.

    curves.py RUN
"""

import csv
import pathlib
import sys

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {
    "loss/train": "loss",
    "loss/fusion": "fusion",
    "loss/logistic": "logistic",
    "loss/contrast": "contrast",
    "loss/validation": "validation",
    "learning_rate": "learning_rate",
}

run = pathlib.Path(sys.argv[1])
with open(run / "metrics.csv", newline="") as file:
    rows = list(csv.DictReader(file))
files = sorted(run.glob("events.out.tfevents.*"))
assert len(files) == 2, files

# 0: every scalar, and no sample of them.
events = EventAccumulator(str(run), size_guidance={"scalars": 0}).Reload()
assert set(events.Tags()["scalars"]) == {*TAGS, "pairs_per_second"}, events.Tags()
for tag, column in TAGS.items():
    table = [(int(row["step"]), np.float32(row[column])) for row in rows if row[column]]
    read = [(scalar.step, np.float32(scalar.value)) for scalar in events.Scalars(tag)]
    assert read == table and table, (tag, read, table)
    print(f"{tag}: {len(read)} values, up to step {read[-1][0]}")
speeds = [scalar.step for scalar in events.Scalars("pairs_per_second")]
assert speeds == [int(row["step"]) for row in rows if row["loss"]], speeds
