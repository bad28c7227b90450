"""A client of the simulator for its own tests, so plain that it takes every fault as it comes."""

import http.client
import json
import time
import urllib.parse

HANG_SECONDS = 60
OVER = ("completed", "failed", "expired", "cancelled")


class Client:
    """One connection, kept alive while the server does so."""

    def __init__(self, base_url):
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(base_url).netloc, timeout=HANG_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def request(self, method, path, body=None, headers=None):
        """(status, headers in lower case, bytes)"""
        try:
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except BaseException:
            self._connection.close()
            raise

    def openai(self, method, path, body=None, key="sk-test"):
        return self._json(method, path, body, {"authorization": "Bearer " + key})

    def anthropic(self, method, path, body=None, key="sk-ant-test"):
        return self._json(method, path, body, {"x-api-key": key, "anthropic-version": "2023-06-01"})

    def _json(self, method, path, body, headers):
        if body is not None:
            body, headers = json.dumps(body).encode(), {**headers, "content-type": "application/json"}
        status, _, content = self.request(method, path, body, headers)
        return status, json.loads(content) if content else None

    # The usual things to ask

    def chat(self, text="hello", **more):
        return self.openai("POST", "/v1/chat/completions", chat_body(text, **more))

    def message(self, text="hello", **more):
        return self.anthropic("POST", "/v1/messages", message_body(text, **more))

    def upload(self, content, name="unit.jsonl", purpose="batch"):
        mark = b"----of-a-test"
        body = b"".join((b"--", mark, b'\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n', purpose.encode(),
                         b"\r\n--", mark,
                         b'\r\nContent-Disposition: form-data; name="file"; filename="', name.encode(),
                         b'"\r\nContent-Type: application/octet-stream\r\n\r\n', content, b"\r\n--", mark, b"--\r\n"))
        status, _, answer = self.request("POST", "/v1/files", body, {
            "authorization": "Bearer sk-test", "content-type": "multipart/form-data; boundary=" + mark.decode()})
        return status, json.loads(answer)

    def openai_batch(self, lines, endpoint="/v1/chat/completions", **more):
        """The batch as it was created, of lines as chat_line() makes them or of bytes."""
        content = lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode()
        _, file = self.upload(content)
        return self.openai("POST", "/v1/batches", {
            "input_file_id": file["id"], "endpoint": endpoint, "completion_window": "24h", **more})[1]

    def openai_end(self, batch):
        return _until(lambda: self.openai("GET", "/v1/batches/" + batch["id"])[1], lambda seen: seen["status"] in OVER)

    def content(self, file_id):
        return self.request("GET", f"/v1/files/{file_id}/content", None, {"authorization": "Bearer sk-test"})[2]

    def anthropic_batch(self, requests):
        return self.anthropic("POST", "/v1/messages/batches", {"requests": requests})[1]

    def anthropic_end(self, batch):
        return _until(lambda: self.anthropic("GET", "/v1/messages/batches/" + batch["id"])[1],
                      lambda seen: seen["processing_status"] == "ended")

    def results(self, batch):
        return self.request("GET", f"/v1/messages/batches/{batch['id']}/results", None,
                            {"x-api-key": "sk-ant-test", "anthropic-version": "2023-06-01"})[2]


def chat_body(text, **more):
    return {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": text}], **more}


def message_body(text, **more):
    return {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": text}], **more}


def chat_lines(count):
    return [{"custom_id": f"wi_{number}", "method": "POST", "url": "/v1/chat/completions",
             "body": chat_body(f"Reply with exactly: answer {number}")} for number in range(count)]


def message_requests(count):
    return [{"custom_id": f"wi_{number}", "params": message_body(f"Reply with exactly: answer {number}")}
            for number in range(count)]


def parsed(content):
    return [json.loads(line) for line in content.splitlines()]


def _until(look, done):
    deadline = time.monotonic() + HANG_SECONDS
    while not done(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {seen}")
        time.sleep(0.01)
    return seen
