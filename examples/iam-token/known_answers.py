"""Compares the tokens of `sign-token` with those of botocore, AWS's own library, for fixed credentials and a fixed clock.

Usage: known_answers.py SIGN_TOKEN    (the program)
"""

import datetime
import os
import subprocess
import sys
from unittest import mock

import botocore.auth
import botocore.session

program = sys.argv[1]
KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
CASES = [
    # key and secret, session token, host, port, user, region, seconds since 1970
    (KEY, None, "mydb.123456789012.us-east-1.rds.amazonaws.com", 5432, "jane_doe", "us-east-1", 1440938160),
    (KEY, "FwoGZXIvYXdzE//+==:token", "db.example.com", 6432, "app", "eu-central-1", 1767225599),
    (KEY, None, "MyDB.Example.COM", 5432, "App User+1@x/y=ä~", "ap-southeast-2", 951782400),
    (("ASIA0", "0" * 40), "", "127.0.0.1", 1, "a", "us-gov-west-1", 0),
    (("ASIA0", "s%20&=?"), "t" * 900, "db.example.com", 65535, "a'b\"c", "cn-north-1", 4102444799),
]


def expected(key, token, host, port, user, region, seconds):
    session = botocore.session.Session()
    session.set_credentials(*key, token or None)
    client = session.create_client("rds", region_name=region)
    now = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: now.replace(tzinfo=None)):
        return client.generate_db_auth_token(host, port, user)


def actual(key, token, host, port, user, region, seconds):
    environment = {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "PATH": os.environ["PATH"]}
    if token is not None:
        environment["AWS_SESSION_TOKEN"] = token
    arguments = [program, host, str(port), user, region, str(seconds)]
    return subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True).stdout.strip()


for case in CASES:
    want, got = expected(*case), actual(*case)
    if want != got:
        sys.exit(f"FAILED: the token for {case[2]}\n  expected: {want}\n  got:      {got}")
print(len(CASES))
