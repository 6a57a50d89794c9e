"""The CloudEvents SDK for Python as sender and receiver against the functions `reply` and `take`.

Usage: cloudevents_peer.py HOST:PORT reply|take
"""

import http.client
import json
import sys
from datetime import datetime, timezone

from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_http_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

host, function = sys.argv[1], sys.argv[2]
checks = 0


def post(headers, body, method="POST"):
    # Not urllib: it would add a media type to a body without one.
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(method, "/", body, headers)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def expect(what, expected, actual):
    global checks
    if expected != actual:
        sys.exit(f"FAILED: {what}\n  expected: {expected!r}\n  got:      {actual!r}")
    checks += 1


def event(data, **attributes):
    return CloudEvent(
        {
            "id": "1",
            "type": "com.example.sample",
            "source": "/söurce with space/%41",
            "subject": 'Euro € 😀 "quoted" 100% \\',
            "time": datetime(2026, 1, 31, 12, 30, 0, 250000, tzinfo=timezone.utc),
            "comexample": "a%20b",
            **attributes,
        },
        data,
    )


events = {
    "JSON": event({"a": 1.5, "b": ["ü", None, True]}, datacontenttype="application/json"),
    "text": event("plain ü\n\"text\"", datacontenttype="text/plain"),
    "bytes": event(bytes(range(256)), datacontenttype="application/octet-stream"),
    "no data": event(None),
}

if function == "reply":
    for name, sent in events.items():
        for form, pack in (("binary", to_binary_event), ("structured", to_structured_event)):
            message = pack(sent)
            status, headers, body = post(message.headers, message.body)
            expect(f"{form}, {name}: status", 200, status)
            headers = {name.lower(): value for name, value in headers.items()}
            kind = headers.get("content-type", "")
            expect(f"{form}, {name}: form", form == "structured", kind.startswith("application/cloudevents+json"))
            reply = from_http_event(HTTPMessage(headers, body))
            expect(f"{form}, {name}: type", "com.example.sample.reply", reply.get_type())
            for attribute in ("source", "subject", "time", "comexample", "datacontenttype"):
                expected, actual = sent.get_attributes().get(attribute), reply.get_attributes().get(attribute)
                expect(f"{form}, {name}: {attribute}", expected, actual)
            expect(f"{form}, {name}: data", sent.get_data(), reply.get_data())
    # The SDK writes no batches: one is put together from what it writes for one event.
    batch = b"[" + b",".join(JSONFormat().write(sent) for sent in events.values()) + b"]"
    status, headers, body = post({"Content-Type": "application/cloudevents-batch+json"}, batch)
    expect("batch: status", 200, status)
    replies = [JSONFormat().read(None, json.dumps(reply)) for reply in json.loads(body)]
    expect("batch: data", [sent.get_data() for sent in events.values()], [reply.get_data() for reply in replies])
else:
    message = to_binary_event(events["JSON"])
    expect("binary: status", 204, post(message.headers, message.body)[0])
    expect("a missing attribute", 400, post({k: v for k, v in message.headers.items() if k != "ce-id"}, b"{}")[0])
    expect("another version", 400, post({**message.headers, "ce-specversion": "0.3"}, b"{}")[0])
    expect("no event", 400, post({"Content-Type": "application/json"}, b"{}")[0])
    expect("broken JSON", 400, post({"Content-Type": "application/cloudevents+json"}, b"{")[0])
    expect("another format", 415, post({"Content-Type": "application/cloudevents+avro"}, b"x")[0])
    expect("another method", 405, post({}, None, method="GET")[0])

print(f"cloudevents {function}: {checks} checks passed")
