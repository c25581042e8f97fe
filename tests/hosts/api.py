#!/usr/bin/env python3
"""Use the native backend as a person with a script would: log in, embed, keep a document, find it and what was there
before, run a circuit, upload.

Runs inside the test host; standard library only, Python 3.9. The password comes on stdin. Prints what it was told as
JSON; any refusal ends it with 1.
"""

import argparse
import hashlib
import http.client
import json
import sys
import urllib.parse

BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'


class Caller:
    """One session with the backend of one port."""

    def __init__(self, port):
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = ""

    def ask(self, method, path, body=None, kind="application/json"):
        """Return the body and the headers of a good answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": kind, **({"Cookie": self.cookie} if self.cookie else {})}
        self.link.request(method, path, data, headers)
        answer = self.link.getresponse()
        result = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {result.decode(errors='replace')}")
        return json.loads(result or b"null"), answer.headers

    def log_in(self, name, password):
        """Keep the session's cookie; return who the backend thinks we are."""
        me, headers = self.ask("POST", "/auth/login", {"name": name, "password": password})
        self.cookie = headers["set-cookie"].split(";")[0]
        return me

    def find(self, question, **more):
        """Return the results of a search."""
        return self.ask("GET", f"/search?{urllib.parse.urlencode({'q': question, 'limit': 3, **more})}")[0]["results"]


def story(caller, text, question):
    """Do all of it; returns what was said."""
    events = {}
    _, first = caller.ask("POST", "/v1/embeddings", {"input": [text, question], "model": "default"})
    vectors, second = caller.ask("POST", "/v1/embeddings", {"input": [text, question], "model": "default"})
    events["lengths"] = [len(item["embedding"]) for item in vectors["data"]]
    events["cache"] = [headers["x-cache"] for headers in (first, second)]
    events["timing"] = first["server-timing"]
    document, _ = caller.ask("POST", "/documents", {"text": text, "title": "note"})
    events["document"], events["found"] = document["id"], caller.find(question)
    events["circuit"] = caller.ask("POST", "/quantum/run", {"qasm": BELL, "shots": 200, "seed": 7})[0]
    file = text.encode() * 1000
    upload, _ = caller.ask(
        "POST", f"/uploads?name=note.txt&sha256={hashlib.sha256(file).hexdigest()}", file, "application/octet-stream"
    )
    events["upload"] = upload
    events["system"] = caller.ask("GET", "/system")[0]
    return events


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--name", required=True)
    options.add_argument("--text", help="a document to keep; without it only --find is done")
    options.add_argument("--question", help="what finds that document")
    options.add_argument(
        "--find", action="append", default=[], help="a question about what is there already; may be repeated"
    )
    requested = options.parse_args()
    caller = Caller(requested.port)
    events = {"me": caller.log_in(requested.name, sys.stdin.readline().rstrip("\n"))}
    events["past"] = [caller.find(question) for question in requested.find]
    if requested.text:
        events.update(story(caller, requested.text, requested.question))
    json.dump(events, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
