"""Makes HTTP requests into events as the fronts of AWS Lambda send them, and their answers into status and body.

lambda_event.py request SHAPE METHOD TARGET [BODY]   prints the event; SHAPE is v1, v2 or alb
lambda_event.py response                             reads an answer, prints the status, a line break and the body
"""

import base64
import json
import sys
from urllib.parse import parse_qsl, urlsplit


def event(shape, method, target, body=None):
    url = urlsplit(target)
    headers = {"host": "example.com", "user-agent": "curl/8"}
    if body is not None:
        headers["content-type"] = "application/json"
    common = {"headers": headers, "body": body, "isBase64Encoded": False}
    if shape == "v2":
        http = {"method": method, "path": url.path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
        context = {"http": http, "stage": "$default", "requestId": "r"}
        return common | {"version": "2.0", "routeKey": "$default", "rawPath": url.path, "rawQueryString": url.query,
                         "requestContext": context}
    pairs = parse_qsl(url.query) if shape == "v1" else [p.split("=", 1) for p in url.query.split("&") if p]
    common |= {"httpMethod": method, "path": url.path, "queryStringParameters": dict(pairs) or None}
    if shape == "alb":
        group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/t/1"
        return common | {"requestContext": {"elb": {"targetGroupArn": group}}}
    return common | {
        "resource": "/{proxy+}",
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": {name: [value] for name, value in pairs} or None,
        "requestContext": {"stage": "prod", "path": "/prod" + url.path, "httpMethod": method, "requestId": "r"},
    }


def response(text):
    answer = json.loads(text)
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    return f"{answer['statusCode']}\n{body}"


if sys.argv[1] == "request":
    print(json.dumps(event(*sys.argv[2:])))
else:
    sys.stdout.write(response(sys.stdin.read()))
