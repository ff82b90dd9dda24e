"""The admin page of a serving gateway in a browser."""

import json
import os
import pathlib
import socket
import sys
import time
import unittest
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "faults"))

from chromium import BROWSER, Chromium  # noqa: E402
from peers import eventually  # noqa: E402
from world import World  # noqa: E402

VIEWS = ["#now", "#traffic", "#traffic/order-17", "#tokens", "#limits", "#callers"]
#: The path of axe-core, which checks accessibility. Without it these checks are skipped.
AXE = os.environ.get("AXE", "")
HOSTILE = "<img src=x onerror=\"hacked=1\"><script>hacked=1</script>\u0000\u001b[31m\u202e\"'&amp;{{7*7}}"


def line(request_id, **fields):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 5)) + ".000001Z"
    return json.dumps({
        "timestamp": stamp, "request_id": request_id, "client.address": "127.0.0.1", "http.request.method": "GET",
        "url.path": "/", "http.response.status_code": 500, "http.request.body.size": 0, "http.response.body.size": 0,
        "duration": 0.01, "queue_wait": 0, "token_wait": 0, "termination": "completed", **fields})


@unittest.skipUnless(BROWSER, "there is no Chromium here: install it, or name a browser in CHROMIUM")
class Page(unittest.TestCase):
    maxDiff = None

    def begin(self, **options):
        world = World(**options)
        self.addCleanup(world.stop)
        browser = Chromium()
        self.addCleanup(browser.stop)
        browser.world = world
        return world, browser

    def show(self, browser, hash, sign="document.querySelector('#view').textContent.length > 20"):
        if browser.evaluate("location.href").startswith("http"):
            browser.evaluate(f"location.hash = {json.dumps(hash)}")
        else:
            browser.open(browser.world.page + "/" + hash)
        return browser.wait(f"document.querySelector('#status')?.textContent !== 'connecting' && !!({sign})", hash)

    def check_quiet(self, world, browser, but=()):
        complaints = [c for c in browser.complaints if not any(word in c for word in but)]
        self.assertEqual(complaints, [])
        strange = [url for url in browser.requests if not url.startswith((world.page + "/", "about:"))]
        self.assertEqual(strange, [], "the page asked another server")

    def test_an_operator_finds_the_failed_call_under_load(self):
        world, browser = self.begin(history=16)
        world.failing = 0.05
        world.begin(200)
        self.show(browser, "#now", "document.querySelectorAll('.chart rect').length > 30")
        tiles = browser.wait("[...document.querySelectorAll('.tile .value')].map(t => t.textContent).filter(t => t !== '–').length === 6"
                             " && [...document.querySelectorAll('.tile')].map(t => t.innerText).join(' ')")
        self.assertIn("failed", tiles)
        browser.wait("document.querySelector('.tile .note').textContent.endsWith('a second')", "the rate, from two states")
        stats = world.get("/api/traffic/stats?since=15m")
        shown = int(browser.evaluate("document.querySelector('.tile .value').textContent.replace(/,/g, '')"))
        self.assertLess(abs(shown - stats["all"]["calls"]), 4000, "the tile and the command count the same calls")
        box = browser.evaluate("(() => { const b = document.querySelector('.chart svg').getBoundingClientRect();"
                               " return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        browser.point(*box)
        self.assertRegex(browser.wait("document.querySelector('.tip:not([hidden])')?.textContent"),
                         r"UTC\n[\d,]+ calls\n[\d,]+ failed")

        browser.key("2")
        browser.wait("document.querySelectorAll('.calls tbody tr').length === 100")
        browser.key("/")
        browser.wait("document.activeElement.id === 'filter'")
        browser.type("status=5xx caller=crm")
        browser.key("Enter")
        browser.wait("location.hash === '#traffic?status=5xx&caller=crm'")
        browser.wait("[...document.querySelectorAll('.calls tbody tr')].length > 0"
                     " && [...document.querySelectorAll('.calls .code')].every(c => c.textContent.includes('✕ 5'))")
        rows = "document.querySelector('.calls tbody').innerText"
        before = browser.evaluate(rows)
        new = browser.wait("!document.querySelector('.pill').hidden && document.querySelector('.pill').textContent", "new calls")
        self.assertRegex(new, r"▲ [\d,]+ new")
        browser.evaluate("document.activeElement.blur(); window.scrollTo(0, 300)")
        time.sleep(1.5)
        self.assertEqual(browser.evaluate(rows), before, "the list jumped")
        self.assertEqual(browser.evaluate("window.scrollY"), 300)
        browser.key("n")
        browser.wait(f"{rows} !== {json.dumps(before)} && window.scrollY === 0")

        browser.key("j")
        path = browser.wait("document.activeElement.tagName === 'A' && document.activeElement.textContent")
        listed = browser.evaluate(rows)
        browser.key("Enter")
        browser.wait("location.hash.startsWith('#traffic/') && document.querySelectorAll('.steps li').length === 8")
        self.assertIn(path, browser.text())
        browser.wait("[...document.querySelectorAll('button')].some(b => b.textContent === 'Copy as curl')")
        archive = browser.evaluate("fetch(document.querySelector('a[download]').href).then(a => a.json())")
        self.assertEqual(len(archive["log"]["entries"]), 1)
        self.assertGreaterEqual(browser.evaluate("document.querySelectorAll('.times rect').length"), 2)
        browser.evaluate("history.back()")
        browser.wait("location.hash === '#traffic?status=5xx&caller=crm'")
        self.assertEqual(browser.evaluate(rows), listed, "the list is as it was left")
        self.check_quiet(world, browser)

    def test_every_view_fits_every_width_in_both_schemes(self):
        world, browser = self.begin(history=5)
        world.call("/api/v2/registrations/r-17?learner=ada", caller="reports", method="DELETE", request_id="order-17")
        world.begin(20)
        for view in VIEWS:
            self.show(browser, view)
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                for width in (400, 1024, 1600):
                    browser.resize(width, 800)
                    time.sleep(0.15)
                    self.assertEqual(browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), True,
                                     f"{view} at {width} overflows")
        dark = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        for word in ("light", "dark"):
            browser.evaluate("document.querySelector('#scheme').click()")
            self.assertEqual(browser.evaluate("document.documentElement.dataset.scheme"), word)
        self.assertEqual(browser.evaluate("getComputedStyle(document.body).backgroundColor"), dark)
        self.show(browser, "#traffic/order-17", "document.querySelectorAll('.steps .bad').length === 1")
        steps = browser.evaluate("[...document.querySelectorAll('.steps li')].map(li => li.innerText.replace(/\\s+/g, ' '))")
        self.assertIn("✕ refused policy policy-refused", steps)
        self.assertEqual([s for s in steps if "not reached" in s], ["– quota not reached", "– credential not reached"])
        self.check_quiet(world, browser)

    @unittest.skipUnless(AXE, "there is no axe-core")
    def test_no_rule_of_accessibility_is_broken(self):
        world, browser = self.begin(history=5)
        world.call("/api/v2/registrations/r-17", caller="reports", method="DELETE", request_id="order-17")
        world.begin(20)
        rules, broken = pathlib.Path(AXE).read_text(), {}
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            for width in (400, 1280):
                browser.resize(width, 900)
                for view in VIEWS:
                    self.show(browser, view)
                    time.sleep(0.8)
                    browser.evaluate(rules + "; 0")
                    found = browser.evaluate(
                        "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3)"
                        ".map(n => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | ')))")
                    for breach in found:
                        broken.setdefault(breach[:300], []).append(f"{view}, {scheme}, {width}")
        self.assertEqual(broken, {})

    def test_it_says_that_the_gateway_is_gone_and_goes_on_when_it_is_back(self):
        world, browser = self.begin(history=2)
        world.begin(20)
        self.show(browser, "#traffic", "document.querySelectorAll('.calls tbody tr').length > 3")
        world.end()
        browser.wait("document.body.classList.contains('is-gone')", "it greys", 15)
        self.assertRegex(browser.evaluate("document.querySelector('#gone').textContent"),
                         r"No answer from the gateway since \d\d:\d\d:\d\d UTC")
        self.assertIn("no answer", browser.evaluate("document.querySelector('#status').textContent"))
        self.assertIn("no answer", browser.evaluate("document.title"))
        self.assertGreater(browser.evaluate("document.querySelectorAll('.calls tbody tr').length"), 3)
        world.start()
        browser.wait("!document.body.classList.contains('is-gone')", "it goes on", 20)
        browser.wait("!document.querySelector('.pill').hidden", "new calls come")
        browser.key("n")
        browser.wait("document.querySelector('.pill').hidden || true")
        self.check_quiet(world, browser, but=("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET"))

    def test_what_comes_from_outside_stays_text(self):
        names = ("request_id", "url.path", "url.query", "user_agent.original", "caller", "app", "operation", "error.type",
                 "termination", "client.address", "scope", "credential")
        lines = [line("hostile-1", **{name: HOSTILE for name in names if name != "request_id"}),
                 line(HOSTILE, **{"url.path": "/" + HOSTILE, "error.type": HOSTILE}),
                 line("hostile-2", **{name: HOSTILE[:40] + "A" * 8192 for name in names if name != "request_id"})]
        world, browser = self.begin(lines=lines)
        world.call("/api/v2/courses/%3Cimg%20src=x%20onerror=hacked=1%3E", fields=f"User-Agent: {'<b>' * 100}\r\n")
        for view in ("#now", "#traffic", "#traffic?" + "text=hacked", "#traffic/hostile-1", "#traffic/hostile-2",
                     "#traffic/" + urllib.request.quote(HOSTILE, safe=""), "#callers", "#traffic?caller=" + urllib.request.quote(HOSTILE),
                     "#" + HOSTILE):
            self.show(browser, view)
            time.sleep(0.7)
            self.assertEqual(browser.evaluate("document.querySelectorAll('main img, main script, main b > b').length"), 0, view)
            self.assertEqual(browser.evaluate("typeof hacked"), "undefined", view)
            self.assertEqual(browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), True, view)
        self.show(browser, "#traffic/hostile-1")
        browser.wait("document.body.innerText.includes('onerror=\"hacked=1\"')")
        self.check_quiet(world, browser, but=("404", "400"))

    def test_an_action_is_done_where_it_is_allowed_and_leaves_a_record(self):
        world, browser = self.begin()
        world.call("/api/v2/ping")
        self.show(browser, "#tokens", "[...document.querySelectorAll('button')].some(b => b.textContent === 'Renew')")
        granted = len(world.tokens.tokens)
        browser.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent === 'Renew').click()")
        eventually(lambda: len(world.tokens.tokens) > granted, "another token is fetched")
        found = eventually(lambda: world.get("/api/traffic?text=renew")["records"], "it is recorded")
        self.assertEqual((found[0]["url.path"], found[0]["termination"], found[0]["http.response.status_code"]),
                         ("/api/tokens/renew", "admin", 200))
        self.assertIn("app=academy", found[0]["url.query"])
        self.assertIn('"termination":"admin"', (world.folder / "traffic.log").read_text())
        self.check_quiet(world, browser)

    def test_where_actions_are_off_there_is_no_button_and_post_is_refused(self):
        world, browser = self.begin(admin_more="  actions: false")
        world.call("/api/v2/ping")
        self.show(browser, "#tokens", "document.querySelector('tbody tr')")
        self.assertEqual(browser.evaluate("document.querySelectorAll('#view button').length"), 0)
        status = browser.evaluate("fetch('/api/tokens/renew?all=true', {method: 'POST', headers:"
                                  " {'Content-Type': 'application/json'}, body: '{}'}).then(a => a.status)")
        self.assertEqual(status, 403)

    def test_a_day_of_events_leaves_no_trace_in_the_pages_memory(self):
        world, browser = self.begin(history=1)
        # Runs the page's own code with simulated events of a day: a call and a state each second, and bursts of 10,000.
        browser.page("Page.addScriptToEvaluateOnNewDocument", source="""
            const Real = window.EventSource;
            window.EventSource = class extends Real { constructor(...a) { super(...a); window.source = this; } };""")
        self.show(browser, "#traffic", "document.querySelectorAll('.calls tbody tr').length > 0")
        feed = """(async () => {
          const state = await new Promise(done => source.addEventListener("state", e => done(e.data), {once: true}));
          for (let second = 0; second < 86400; second++) {
            const many = second %% 8640 === 1 ? 10000 : 1;
            for (let i = 0; i < many; i++) source.dispatchEvent(new MessageEvent("call", {data: JSON.stringify({
              timestamp: "2026-11-29T06:00:00.000000Z", request_id: "day-" + second + "-" + i, "http.request.method": "GET",
              "url.path": "/api/v2/courses/" + second, "http.response.status_code": 200, duration: 0.01, caller: "crm"})}));
            source.dispatchEvent(new MessageEvent("state", {data: state}));
            if (second %% 5000 === 0) { await new Promise(done => setTimeout(done)); %s }
          }
          return true;
        })()"""
        browser.page("Runtime.evaluate", expression="0")
        before = browser.heap()
        for ways in ("document.querySelector('.pill').click()", "location.hash = location.hash === '#now' ? '#traffic' : '#now'"):
            browser.evaluate(feed % ways)
        browser.evaluate("location.hash = '#traffic'")
        time.sleep(1)
        self.assertLess(browser.heap() - before, 12 << 20)
        self.assertLessEqual(browser.evaluate("document.querySelectorAll('.calls tbody tr').length"), 500)

    def test_sixteen_watch_and_one_who_does_not_read_is_dropped(self):
        world = World()
        self.addCleanup(world.stop)

        def watch():
            connection = socket.create_connection(("127.0.0.1", world.ports["admin"]))
            self.addCleanup(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.settimeout(5)
            return connection

        watchers = [watch() for _ in range(16)]
        for watcher in watchers:
            self.assertTrue(watcher.recv(12).endswith(b"200"))
        refused = watch()
        self.assertTrue(refused.recv(12).endswith(b"503"))
        before = world.memory()
        # None of the sixteen watchers reads any more.
        world.begin(400, threads=8)
        eventually(lambda: self._dropped(watchers), "those who do not read are dropped", patience=60)
        world.quiet()
        self.assertLess(world.memory() - before, 32 << 20)
        eventually(lambda: watch().recv(12).endswith(b"200"), "their places are free")

    @staticmethod
    def _dropped(watchers):
        """Whether the gateway has reset all of them. Bytes sent before are read first."""
        table = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        ports = {f"{w.getsockname()[1]:04X}" for w in watchers}
        # 01 is ESTABLISHED.
        return not any(row.split()[1].endswith(tuple(":" + p for p in ports)) and row.split()[3] == "01" for row in table)

    def test_events_go_on_where_they_ended_or_say_that_some_are_lost(self):
        world = World()
        self.addCleanup(world.stop)

        def events(last=None, until=b"event: state"):
            connection = socket.create_connection(("127.0.0.1", world.ports["admin"]), timeout=10)
            with connection:
                field = f"Last-Event-ID: {last}\r\n" if last else ""
                connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: localhost\r\n{field}\r\n".encode())
                data = b""
                while until not in data:
                    more = connection.recv(65536)
                    self.assertTrue(more, data)
                    data += more
                    if len(data) < 10000 and b"200" in data and until == b"event: call" and not getattr(self, "called", 0):
                        self.called = world.call("/api/v2/courses")
                return data.decode()

        keeper = socket.create_connection(("127.0.0.1", world.ports["admin"]))
        self.addCleanup(keeper.close)
        keeper.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        keeper.recv(10)
        first = events(until=b"event: call")
        last = first.rpartition("id: ")[2].split("\n")[0]
        world.call("/api/v2/registrations")
        time.sleep(1)
        then = events(last)
        self.assertIn("/api/v2/registrations", then)
        self.assertNotIn("event: resync", then)
        self.assertIn("event: resync", events("0-12"))
        self.assertNotIn("event: resync", events())


if __name__ == "__main__":
    unittest.main(verbosity=2)
