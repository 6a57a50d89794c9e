"""Prints a batch as Amazon SQS hands it to a function.

Usage: sqs_event.py QUEUE ID=BODY...    (a queue whose name ends in .fifo keeps the order)
"""

import json
import sys

queue, *messages = sys.argv[1:]
records = [
    {
        "messageId": identity,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000"},
        "messageAttributes": {},
        "md5OfBody": "0",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{queue}",
        "awsRegion": "eu-central-1",
    }
    for identity, _, body in (message.partition("=") for message in messages)
]
print(json.dumps({"Records": records}))
