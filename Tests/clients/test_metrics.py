"""The gateway's metrics as Prometheus reads them, and whether the dashboard and the alert rules use existing metrics.
Run by scripts/metrics-test."""

import json
import os
import pathlib
import re
import sys
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import yaml  # noqa: E402
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

from gateway_under_test import SECRET, GatewayUnderTest, eventually  # noqa: E402

MONITORING = pathlib.Path(__file__).resolve().parents[2] / "config" / "monitoring"
# Exist only with a part that this test does not run.
OPTIONAL = {
    "scorm_gateway_traces_dropped_total", "scorm_gateway_traces_exported_total",
    "scorm_gateway_log_records_dropped_total", "scorm_gateway_log_records_exported_total",
    "scorm_gateway_journal_records_dropped_total", "scorm_gateway_journal_writable",
}
NAME = re.compile(r"\b(?:scorm_gateway|process)_[a-z_]+")
SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


def expressions():
    """Every query of the dashboard and the rules, with its place."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable["query"]
    for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.under_test = GatewayUnderTest()
        cls.addClassCleanup(cls.under_test.stop)
        for method, path in [("GET", "/ping"), ("GET", "/courses?more=canary-more"),
                             ("GET", "/courses/none"), ("DELETE", "/courses/none"),
                             ("GET", "/nothing/canary"), ("POST", "/courses/none/tags")]:
            cls.call(method, path)
        cls.text = eventually(cls.counted, "the calls are counted")
        cls.families = {}
        for family in text_string_to_metric_families(cls.text):
            cls.families[family.name] = family

    @classmethod
    def call(cls, method, path):
        url = f"http://127.0.0.1:{cls.under_test.port}/api/v2{path}"
        body = b"{}" if method == "POST" else None
        headers = {"Content-Type": "application/json", "User-Agent": "canary-agent"}
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        try:
            urllib.request.urlopen(request, timeout=10).read()
        except urllib.error.HTTPError as answered:
            answered.read()

    @classmethod
    def counted(cls):
        url = f"http://127.0.0.1:{cls.under_test.admin_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        seen = sum(s.value for f in text_string_to_metric_families(text)
                   for s in f.samples if s.name == "scorm_gateway_requests_total")
        return text if seen >= 6 else None

    def test_conventions(self):
        """Names, units, help and types follow Prometheus' conventions (promtool check metrics)."""
        self.assertGreater(len(self.families), 30)
        for name, family in self.families.items():
            self.assertTrue(family.documentation.strip().endswith("."), name)
            self.assertIn(family.type, {"counter", "gauge", "histogram"}, name)
            self.assertRegex(name, r"^(scorm_gateway|process)_[a-z0-9_]+$")
            self.assertNotRegex(name, r"_(milliseconds|ms|minutes|kilobytes|kb|mib)(_|$)")
            if family.type != "counter":
                self.assertFalse(name.endswith("_total"), name)
            if family.type != "histogram":
                self.assertNotRegex(name, r"_(bucket|sum|count)$")
            for sample in family.samples:
                if family.type == "counter":
                    self.assertTrue(sample.name.endswith("_total"), sample.name)
                for label in sample.labels:
                    self.assertRegex(label, r"^[a-z]+$")

    def test_histograms(self):
        """Bucket counts never decrease, and the last one equals the count."""
        histograms = [f for f in self.families.values() if f.type == "histogram"]
        self.assertGreater(len(histograms), 5)
        for family in histograms:
            series = {}
            for sample in family.samples:
                key = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
                entry = series.setdefault(key, {"buckets": []})
                if sample.name.endswith("_bucket"):
                    entry["buckets"].append((float(sample.labels["le"]), sample.value))
                else:
                    entry[sample.name.rsplit("_", 1)[1]] = sample.value
            for key, entry in series.items():
                bounds = [bound for bound, _ in entry["buckets"]]
                counts = [count for _, count in entry["buckets"]]
                self.assertEqual(bounds, sorted(set(bounds)), (family.name, key))
                self.assertEqual(bounds[-1], float("inf"))
                self.assertEqual(counts, sorted(counts), (family.name, key))
                self.assertEqual(counts[-1], entry["count"], (family.name, key))
                self.assertGreaterEqual(entry["sum"], 0)

    def test_monitoring(self):
        """The dashboard and the alert rules use only existing metrics."""
        there = {s.name for f in self.families.values() for s in f.samples} | OPTIONAL
        for name, family in self.families.items():
            there.add(name + "_total" if family.type == "counter" else name)
        asked = 0
        for where, expression in expressions():
            for name in NAME.findall(expression):
                asked += 1
                self.assertIn(name, there, where)
        self.assertGreater(asked, 50)

    def test_alerts(self):
        """Each rule has a unique name, a severity, and instructions."""
        rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
        self.assertEqual(len({rule["alert"] for rule in rules}), len(rules))
        for rule in rules:
            self.assertIn(rule["labels"]["severity"], {"critical", "warning", "info"})
            self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"])
            self.assertEqual(rule["expr"].count("("), rule["expr"].count(")"))

    def test_secrecy(self):
        """Metrics contain no text of a caller and no credential."""
        for text in ("canary", SECRET, *self.under_test.recorder.tokens):
            self.assertNotIn(text, self.text)


if __name__ == "__main__":
    unittest.main()
