"""Row 45: another configuration while calls are in progress."""

import signal
import socket
import threading
import time

from peers import Caller, answer, eventually
from rig import row
from test_hand_over import Load

LIMIT = "{name: all-calls, per: gateway, rate: 1000000/1s, burst: 1000000, concurrency: 20000}"


def reload(lab, text):
    """Writes the text into the file and reloads it. Returns the changes that the gateway reports."""
    before, refused = lab.said().count(" reloaded:"), lab.said().count("NOT RELOADED")
    lab.configuration.write_text(text)
    lab.signal(signal.SIGHUP)
    eventually(lambda: lab.said().count(" reloaded:") > before or lab.said().count("NOT RELOADED") > refused,
               "the change is taken")
    said = lab.said().split(" reloaded:")
    assert len(said) > before + 1, said[-1][-600:]
    return [line.split(" info ", 1)[1] for line in said[before + 1].splitlines() if " info " in line]


def settle(lab, load):
    """Ends the load and checks that each of its calls has left its line."""
    load.end()
    load.check()
    for request_id in load.ids:
        lab.expect(request_id)
    return {"note": f"{len(load.ids)} calls"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@row("45", "20 reloads under load: limits, callers, apps and listeners come and go")
def often(lab):
    # Another listener exists all the time: a Unix socket, which half of the callers use.
    path = lab.directory / "callers"
    plain = lab.configuration.read_text()
    good = plain.replace("listen:\n", f"listen:\n  - address: unix:{path}\n")
    reload(lab, good)
    loads = [Load(lab, kept=32, new=8), Load(lab, kept=32, new=8, path=path)]
    ports = [free_port() for _ in range(3)]
    for number in range(20):
        before = [len(load.ids) for load in loads]
        text = good.replace(LIMIT, LIMIT.replace("1000000/1s", f"{900000 + number}/1s"))
        if number % 2:
            port = ports[number % 3]
            text = text.replace("listen:\n", f"listen:\n  - address: 127.0.0.1:{port}\n")
            text = text.replace("apps:\n", "apps:\n  - {name: other" + str(number) + ", id: OTHER, "
                                f"secret: {{file: {lab.directory / 'secret'}}}}}\n")
            text += "\ndefaultApp: main\n"
        if number % 3 == 1:
            text += ("\ncallers:\n  - {name: somebody" + str(number)
                     + ", match: {address: 127.0.0.0/8}, apps: [main], allow: ['*']}\n"
                     + f"  - {{name: local, match: {{listener: 'unix:{path}'}}, apps: [main], allow: ['*']}}\n")
        changes = reload(lab, text)
        assert any(change.startswith("limit all-calls: ") for change in changes), changes
        if number % 2:
            assert any(change.endswith(f":{port}: added") for change in changes), changes
            with Caller(port) as caller:
                caller.send(b"GET /api/v2/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert caller.read_answer().status == 404
            lab.expect_anonymous("gateway/operation", "operation-unknown", 404)
        eventually(lambda: all(len(load.ids) > count + 20 for load, count in zip(loads, before)), "calls go on")
    reload(lab, good)
    notes = [settle(lab, load)["note"] for load in loads]
    reload(lab, plain)
    return {"note": f"{notes[0]} by TCP, {notes[1]} by a Unix socket"}


@row("45b", "A limit of 100/1s that is reloaded all the time admits its rate and one burst")
def quota(lab):
    good = lab.configuration.read_text()
    strict = "{name: strict, per: app, rate: 100/1s, burst: 20, onExceed: refuse}"
    text = good.replace(f"  - {LIMIT}", f"  - {LIMIT}\n  - {strict}")
    reload(lab, text)
    ended = threading.Event()
    counts = {200: 0, 429: 0}

    def call():
        with Caller(lab.port) as caller:
            while not ended.is_set():
                head, request_id = lab.head()
                caller.send(head)
                status = caller.read_answer().status
                counts[status] += 1
                if status == 200:
                    lab.expect(request_id)
                else:
                    lab.expect(request_id, "gateway/quota", "quota-exceeded", 429)

    began = time.monotonic()
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        # Half of the reloads change something, the others nothing.
        other = text if number % 2 else text.replace("20000}", f"{20001 + number}}}")
        reload(lab, other)
        before = counts[200]
        eventually(lambda: counts[200] > before + 10, "calls are admitted")
    ended.set()
    for thread in threads:
        thread.join(10)
    most = 20 + (time.monotonic() - began) * 100 + 1
    assert counts[200] <= most, f"{counts[200]} calls were admitted, at most {most:.0f} might be"
    assert counts[200] >= most * 0.8, f"only {counts[200]} of {most:.0f} were admitted"
    reload(lab, good)
    return {"note": f"{counts[200]} admitted of at most {most:.0f}, {counts[429]} refused"}


@row("45c", "A reload that cannot be done changes nothing: a mistake, a port that is taken, a restart")
def refused(lab):
    good = lab.configuration.read_text()
    load = Load(lab, kept=4, new=2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for text, reason in [
            (good + "\nunknownKey: 1\n", "unknownKey"),
            (good.replace("listen:\n", f"listen:\n  - address: 127.0.0.1:{port}\n"), "another process listens there"),
            (good.replace("admin:\n  address: 127.0.0.1:0", f"admin:\n  address: 127.0.0.1:{free_port()}"),
             "needs a restart"),
            (good.replace("upstream:\n", "upstream:\n  caFile: /nowhere.pem\n"), "/nowhere.pem"),
        ]:
            before = len(load.ids)
            told = lab.said().count("NOT RELOADED")
            lab.configuration.write_text(text)
            lab.signal(signal.SIGHUP)
            eventually(lambda: lab.said().count("NOT RELOADED") > told, f"{reason}: it is told")
            assert reason in lab.said().split("NOT RELOADED")[-1], lab.said()[-600:]
            eventually(lambda: len(load.ids) > before + 20, f"{reason}: calls go on")
    reload(lab, good)
    return settle(lab, load)


@row("45d", "The upstream moves under load: calls under way are finished where they began")
def moved(lab):
    from peers import ScriptedServer
    good = lab.configuration.read_text()
    other = ScriptedServer()

    def serve(conversation, request):
        conversation.read_body(request)
        conversation.send(answer(200, b"elsewhere"))
        return True

    other.on_request = serve
    load = Load(lab, kept=8, new=4)
    try:
        for number in range(6):
            before = len(load.ids)
            place = other.port if number % 2 == 0 else lab.upstream.port
            reload(lab, good.replace(f":{lab.upstream.port}/api/v2", f":{place}/api/v2"))
            eventually(lambda: len(load.ids) > before + 40, "calls go on")
        reload(lab, good)
        load.end()
        assert not load.failures, load.failures[:3]
        assert len(other.requests) > 40
        for request_id in load.ids:
            lab.expect(request_id)
        return {"note": f"{len(load.ids)} calls, {len(other.requests)} of them to the other place"}
    finally:
        other.stop()


@row("45e", "A thousand reloads leave memory, threads and descriptors as they were")
def thousand(lab):
    good = lab.configuration.read_text()

    def reloads(count):
        load = Load(lab, kept=2, new=1)
        for number in range(count):
            changed = good.replace(LIMIT, LIMIT.replace("all-calls", f"calls{number}"))
            reload(lab, changed if number % 2 else good)
        reload(lab, good)
        return settle(lab, load)

    # Memory that calls keep is allocated by now.
    reloads(100)
    lab.note_base()
    return reloads(1000)
