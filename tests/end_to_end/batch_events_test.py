"""GET /v1/batches/{id}/events: what people watch while they wait."""

import http.client
import json
import unittest
from typing import NamedTuple

from support.batches import from_now
from support.customer import Customer, ServiceTest, response_items
from support.service import HANG_SECONDS, TERMINAL, until

CUT_OFF = (OSError, http.client.HTTPException)
ITEMS = 120


class Event(NamedTuple):
    id: str
    name: str
    data: dict


class Stream:
    """One connection to the events of a batch, as EventSource would have it."""

    def __init__(self, customer, batch, last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", customer.service.port, timeout=HANG_SECONDS)
        headers = {"Authorization": "Bearer " + customer.key, "Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        self.connection.request("GET", f"/v1/batches/{batch}/events", headers=headers)
        self.answer = self.connection.getresponse()
        self.retry = None

    def next(self):
        """The next event; None at the stream's end, however it ends."""
        fields = {}
        while True:
            try:
                line = self.answer.readline()
            except CUT_OFF:
                line = b""
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            self.retry = fields.pop("retry", self.retry)
            if "data" in fields:
                return Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}

    def rest(self):
        events = []
        while (event := self.next()) is not None:
            events.append(event)
        return events

    def close(self):
        self.answer.close()
        self.connection.close()


class BatchEvents(ServiceTest):
    def submit(self, **settings):
        service = self.start(simulated__latency_min_ms=150, simulated__latency_max_ms=250, simulated__concurrency=2,
                             dispatch__items_per_unit=10, dispatch__units_in_flight=2, **settings)
        customer = Customer(service)
        return service, customer, customer.submit({"items": response_items(ITEMS)})["id"]

    def assert_story(self, events, batch, ended):
        """No id twice, nothing ever less, and at the end what the batch itself says."""
        ids = [tuple(map(int, event.id.split("-"))) for event in events]
        self.assertEqual(ids, sorted(set(ids)))
        for count in ("completed", "failed", "cancelled", "expired"):
            counts = [event.data["request_counts"][count] for event in events]
            self.assertEqual(counts, sorted(counts))
        percents = [event.data["percent"] for event in events]
        self.assertEqual(percents, sorted(percents))
        for event in events[:-1]:
            self.assertIn(event.name, ("batch.status", "batch.progress"))
            self.assertNotIn(event.data["status"], TERMINAL)
        last = events[-1]
        self.assertEqual(last.name, "batch." + ended["status"])
        self.assertEqual(last.data["percent"], 100)
        for name in ("id", "status", "state", "item_count", "request_counts", "work_unit_count", "ended_at"):
            self.assertEqual(last.data[name], ended[name])
        self.assertTrue(all(event.data["id"] == batch for event in events))

    def test_a_batch_is_watched_from_its_beginning_to_its_end(self):
        """Would be broken: people stare at a page that shows nothing, or something else than what is."""
        service, customer, batch = self.submit()
        stream = Stream(customer, batch)
        self.assertEqual(stream.answer.status, 200)
        self.assertEqual(stream.answer.getheader("Content-Type"), "text/event-stream")
        self.assertEqual(stream.answer.getheader("Cache-Control"), "no-store")
        events = stream.rest()
        ended = customer.ended(batch)
        self.assertEqual(stream.retry, "2000")
        self.assert_story(events, batch, ended)
        self.assertGreater(len(events), 3)
        self.assertIn("batch.progress", [event.name for event in events])

        # Whoever comes back is told what is new to them, and once they know the end, not to come again.
        middle, last = events[len(events) // 2], events[-1]
        self.assertEqual(Stream(customer, batch, middle.id).rest(), [last])
        self.assertEqual(Stream(customer, batch).rest(), [last])
        self.assertEqual(Stream(customer, batch, last.id).answer.status, 204)
        path = f"/v1/batches/{batch}/events"
        self.assertEqual(customer.get(f"{path}?last_event_id={last.id}").status, 204)
        version, done = last.id.split("-")
        for wrong in ("x", "", "-1", version, f"{version}-", f"{int(version) + 1}-{done}", f"{version}-{ITEMS + 1}", "9" * 30):
            self.assert_problem(customer.get(f"{path}?last_event_id={wrong}"), 400, "invalid_request")
        self.assert_problem(customer.get(path + "?since=1"), 400, "invalid_request")
        stranger = Customer(service, "stranger@example.com")
        self.assert_problem(stranger.get(path), 404, "batch_not_found")
        self.assert_problem(stranger.get("/v1/batches/bat_unknown/events"), 404, "batch_not_found")
        self.assert_problem(service.get(path), 401, "authentication_required")
        self.assertTrue(customer.read("/v1/runtime")["features"]["batch_events"])

    def test_a_watcher_survives_kills_of_the_service(self):
        """Would be broken: after a crash, a page shows a batch that goes backwards, or hangs for ever."""
        service, customer, batch = self.submit()
        events, kills = [], 0
        while not events or events[-1].data["status"] not in TERMINAL:
            stream = Stream(customer, batch, events[-1].id if events else None)
            self.assertEqual(stream.answer.status, 200)
            while (event := stream.next()) is not None:
                events.append(event)
                if kills < 2 and event.data["request_counts"]["completed"] > 20 * (kills + 1):
                    kills += 1
                    service.restart(kill=True)
                    break
            stream.close()
        self.assertEqual(kills, 2)
        self.assert_story(events, batch, customer.ended(batch))

    def test_a_stop_waits_for_no_watcher(self):
        service, customer, batch = self.submit(http__drain_seconds=3600)
        stream = Stream(customer, batch)
        seen = stream.next()
        service.restart()
        events = [seen, *stream.rest(), *Stream(customer, batch, seen.id).rest()]
        unique = {event.id: event for event in events}
        self.assert_story(list(unique.values()), batch, customer.ended(batch))

    def test_watchers_are_bounded(self):
        """Would be broken: one account's forgotten pages take all connections."""
        customer = Customer(self.start())
        batch = customer.submit({"items": response_items(1), "run_after": from_now(3600)})["id"]
        streams = [Stream(customer, batch) for _ in range(32)]
        self.assertEqual({stream.answer.status for stream in streams}, {200})
        path = f"/v1/batches/{batch}/events"
        refused = customer.get(path)
        self.assert_problem(refused, 429, "too_many_requests")
        self.assertIn("retry-after", refused.headers)
        streams.pop().close()
        until(lambda: Stream(customer, batch).answer.status != 429, "a place")
        for stream in streams:
            stream.close()


if __name__ == "__main__":
    unittest.main()
