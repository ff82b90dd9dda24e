"""The gateway's exports conform to OpenTelemetry's own definitions, and contain each call once.

Run by scripts/otlp-test, which names the built gateway in GATEWAY.
"""
import base64
import gzip
import http.server
import json
import os
import pathlib
import sys
import threading
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs  # noqa: E402
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces  # noqa: E402
from opentelemetry.proto.logs.v1 import logs_pb2  # noqa: E402

from gateway_under_test import SECRET, GatewayUnderTest, eventually  # noqa: E402

REQUESTS = {"/v1/logs": logs.ExportLogsServiceRequest, "/v1/traces": traces.ExportTraceServiceRequest}
RESPONSES = {"/v1/logs": logs.ExportLogsServiceResponse, "/v1/traces": traces.ExportTraceServiceResponse}
IDS = {"traceId", "spanId", "parentSpanId"}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def with_ids(value):
    """Converts ids: OTLP's JSON has hexadecimal digits where protobuf's own mapping has base64."""
    if isinstance(value, list):
        return [with_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            name: base64.b64encode(bytes.fromhex(item)).decode() if name in IDS else with_ids(item)
            for name, item in value.items()
        }
    return value


class Collector(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Export)
        self.bodies, self.messages, self.problems = [], [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def records(self):
        return [
            (resource.resource, record)
            for message in list(self.messages) if isinstance(message, logs.ExportLogsServiceRequest)
            for resource in message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def spans(self):
        return [
            (resource.resource, span)
            for message in list(self.messages) if isinstance(message, traces.ExportTraceServiceRequest)
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Export(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            assert self.headers["Content-Encoding"] == "gzip"
            assert self.headers["Content-Type"] == "application/json"
            body = gzip.decompress(body)
            self.server.bodies.append(body)
            # A field that is not in the definitions is an error, and so is a value of another type.
            message = json_format.ParseDict(with_ids(json.loads(body)), REQUESTS[self.path]())
            self.server.messages.append(message)
        except Exception as problem:  # noqa: BLE001 - reported by the test
            self.server.problems.append(f"{self.path}: {problem}: {body[:500]}")
        answer = json_format.MessageToJson(RESPONSES[self.path]()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def plain(value):
    """An AnyValue as a Python value."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    return getattr(value, kind)


def attributes(pairs):
    found = {pair.key: plain(pair.value) for pair in pairs}
    assert len(found) == len(pairs), "an attribute stands twice"
    return found


class Exported(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = Collector()
        os.environ.update(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{cls.collector.server_port}",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                "OTEL_BSP_SCHEDULE_DELAY": "50",
                "OTEL_BLRP_SCHEDULE_DELAY": "50",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
                "SCORM_GATEWAY_TRAFFIC_GATEWAY": "gate-1",
            }
        )
        cls.world = GatewayUnderTest()
        cls.calls = [
            ("/api/v2/ping", {}),
            ("/api/v2/courses?zz=canary", {"traceparent": f"00-{TRACE}-{PARENT}-01", "User-Agent": 'a"b\\c\u00e9'}),
            ("/api/v2/nothing", {"X-Request-Id": "r-3"}),
        ]
        for path, fields in cls.calls:
            url = f"http://127.0.0.1:{cls.world.port}{path}"
            request = urllib.request.Request(url, headers=fields | {"Authorization": "Bearer canary"})
            try:
                urllib.request.urlopen(request, timeout=10).close()
            except urllib.error.HTTPError as refused:
                refused.close()
        eventually(lambda: len(cls.collector.records()) >= 3 and len(cls.collector.spans()) >= 5, "all is exported")
        cls.world.drain()
        cls.lines = [json.loads(line) for line in cls.world.traffic_log.read_text().splitlines()]

    @classmethod
    def tearDownClass(cls):
        cls.world.stop()
        cls.collector.shutdown()
        cls.collector.server_close()

    def test_every_body_is_what_the_definitions_say(self):
        self.assertEqual(self.collector.problems, [])

    def test_each_line_of_the_log_is_one_record(self):
        self.assertEqual(len(self.lines), len(self.calls))
        self.assertEqual(len(self.collector.records()), len(self.lines))
        by_id = {line["request_id"]: line for line in self.lines}
        for _, record in self.collector.records():
            found = attributes(record.attributes)
            line = by_id.pop(found["scorm_gateway.request_id"])
            for name in set(line) - {"timestamp", "trace_id", "span_id"}:
                key = name if "." in name else "scorm_gateway." + name
                self.assertEqual(found.pop(key), line[name], key)
            self.assertEqual(found, {})
            self.assertEqual(record.trace_id.hex(), line["trace_id"])
            self.assertEqual(record.span_id.hex(), line["span_id"])
            duration = (record.observed_time_unix_nano - record.time_unix_nano) / 1e9
            self.assertAlmostEqual(duration, line["duration"], places=9)
            self.assertTrue(record.body.string_value.startswith(line["http.request.method"] + " " + line["url.path"]))
        self.assertEqual(by_id, {})

    def test_severity_is_that_of_the_definitions(self):
        severities = {
            attributes(record.attributes)["url.path"]: (record.severity_number, record.severity_text)
            for _, record in self.collector.records()
        }
        self.assertEqual(severities["/api/v2/ping"], (logs_pb2.SEVERITY_NUMBER_INFO, "INFO"))
        self.assertEqual(severities["/api/v2/nothing"], (logs_pb2.SEVERITY_NUMBER_WARN, "WARN"))

    def test_a_record_and_a_span_of_one_call_find_each_other(self):
        (_, record) = next(r for r in self.collector.records() if r[1].trace_id.hex() == TRACE)
        (_, span) = next(s for s in self.collector.spans() if s[1].span_id == record.span_id)
        self.assertEqual(span.trace_id, record.trace_id)
        self.assertEqual(span.parent_span_id.hex(), PARENT)
        shared = attributes(span.attributes).keys() & attributes(record.attributes).keys()
        self.assertGreater(len(shared), 8)
        for name in shared:
            self.assertEqual(attributes(span.attributes)[name], attributes(record.attributes)[name], name)

    def test_both_are_of_the_same_service(self):
        resources = [attributes(r.attributes) for r, _ in self.collector.records() + self.collector.spans()]
        for resource in resources:
            self.assertEqual(resource["service.name"], "scorm-gateway")
            self.assertEqual(resource["service.instance.id"], "gate-1")
            self.assertEqual(resource["deployment.environment.name"], "test")
            self.assertTrue(resource["service.version"])

    def test_nothing_secret_is_sent(self):
        everything = b"".join(self.collector.bodies)
        self.assertTrue(self.world.recorder.tokens)
        for secret in [SECRET, "canary", *self.world.recorder.tokens]:
            self.assertNotIn(secret.encode(), everything)


if __name__ == "__main__":
    unittest.main()
