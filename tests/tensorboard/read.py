"""Reads the event file that `cargo test -p chainrule-tests --test flow event_file` wrote, by TensorBoard's own reader,
and compares it with the JSON lines next to it.

    python tests/tensorboard/read.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = Path(sys.argv[1])
records = [json.loads(line) for line in (folder / "flow.jsonl").read_text().splitlines()]
events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
events.Reload()
tags = events.Tags()

expected = {}
for record in records:
    step = record.pop("step")
    for name, value in record.items():
        expected.setdefault(name, []).append((step, numpy.float32(value)))
assert len(expected) > 80 and set(tags["scalars"]) == set(expected), set(tags["scalars"]) ^ set(expected)
for name, values in expected.items():
    found = [(event.step, numpy.float32(event.value)) for event in events.Scalars(name)]
    assert found == values, (name, found, values)

assert "output/1" in tags["histograms"] and "log10_gradient/3" in tags["histograms"], tags["histograms"]
for name in tags["histograms"]:
    assert [event.step for event in events.Histograms(name)] == [0, 2, 4], name
    for event in events.Histograms(name):
        histogram = event.histogram_value
        assert len(histogram.bucket) == len(histogram.bucket_limit) and sum(histogram.bucket) == histogram.num
        assert histogram.bucket_limit[-1] == histogram.max > histogram.min

[warning] = events.Tensors("warning/step__4")
text = warning.tensor_proto.string_val[0].decode()
assert warning.step == 4 and text.startswith("step 4, step: 4: "), text
plugin = events.SummaryMetadata("warning/step__4").plugin_data.plugin_name
assert plugin == "text", plugin
print(f"TensorBoard reads {len(expected)} scalars, {len(tags['histograms'])} histograms and a warning")
