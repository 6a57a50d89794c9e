"""Writes every event that `sam local generate-event` knows into a folder, with the code of that command."""

import os
import sys

from samcli.lib.generated_sample_events.events import Events

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
library = Events()
for service, events in library.event_mapping.items():
    for event in events:
        # What the command line fills in when it is given no options; it makes `dns_suffix` of `--dns-suffix`.
        tags = library.event_mapping[service][event]["tags"]
        values = {tag.replace("-", "_"): properties["default"] for tag, properties in tags.items()}
        text = library.generate_event(service, event, values)
        with open(os.path.join(folder, f"{service}-{event}.json"), "w", encoding="utf-8") as file:
            file.write(text)
