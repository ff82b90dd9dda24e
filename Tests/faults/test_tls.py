"""Row 30: faults of the upstream's TLS. No part of a request may be sent to a peer that has not proven its name, and a
body without TLS's own end is truncated."""

import ssl
import time

import certificates
from peers import answer
from rig import Lab, row


def _check(name, number, **fault):
    """A row: the gateway meets `fault`, a function of the authority that changes the upstream."""

    def function():
        authority = certificates.Authority()
        good = authority.server_context()
        lab = Lab(tls=good, host="localhost",
                  settings={"upstream_more": f"  caFile: {authority.path}"})
        try:
            lab.note_base()
            lab.rest()
            calls = len(lab.upstream.requests)
            seen = len(lab.upstream.conversations)
            fault["break_it"](lab, authority)
            lab.upstream.close_connections()
            time.sleep(0.1)
            error, status, proxy_error = fault["error"], fault["status"], fault["proxy_error"]
            for method, path, body in (("GET", "/api/v2/ping", None),
                                       ("POST", "/api/v2/registrations", b'{"secret":"CANARY-BODY"}')):
                got = lab.call(method, path, body, expect=("upstream/connect", error, status))
                assert got.status == status, f"{got.status} {got.body}"
                assert got.proxy_status == f"scorm-gateway; error={proxy_error}", got.proxy_status
            assert len(lab.upstream.requests) == calls, "a request was told to a peer that proved nothing"
            told = b"".join(each.received for each in lab.upstream.conversations[seen:])
            for word in (b"CANARY", b"Bearer", b"HTTP/1.1"):
                assert word not in told, f"{word} was told to a peer that proved nothing"
            lab.upstream.tls = good
            lab.check_after()
        finally:
            lab.stop()

    row(number, f"TLS: {name}", lab=False, needs=["openssl"])(function)


def _with_context(make):
    def break_it(lab, authority):
        lab.upstream.tls = make(authority)

    return break_it


def _with_script(script):
    def break_it(lab, authority):
        lab.upstream.tls = None
        lab.upstream.on_connection = script

    return break_it


def _old_version(authority):
    context = authority.server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _stall(conversation):
    while conversation.read():
        pass


def _stall_in_the_middle(conversation):
    conversation.read()
    # The beginning of a handshake record, and nothing more.
    conversation.send(b"\x16\x03\x03\x01\x00\x02")
    _stall(conversation)


def _reset(conversation):
    conversation.read()
    conversation.reset()


def _end(conversation):
    conversation.read()


def _plaintext_first(conversation):
    conversation.send(answer(200, b"POISON"))
    _stall(conversation)


def _plaintext_answer(conversation):
    conversation.read()
    conversation.send(answer(200, b"POISON"))
    _stall(conversation)


CERTIFICATE = dict(error="certificate-refused", status=502, proxy_error="tls_certificate_error")
HANDSHAKE = dict(error="tls-failed", status=502, proxy_error="tls_protocol_error")
SILENCE = dict(error="connection-timeout", status=504, proxy_error="connection_timeout")

_check("expired certificate", 30, **CERTIFICATE,
       break_it=_with_context(lambda authority: authority.server_context(is_expired=True)))
_check("certificate of another host", "30b", **CERTIFICATE,
       break_it=_with_context(lambda authority: authority.server_context("other.test")))
_check("self-signed certificate", "30c", **CERTIFICATE,
       break_it=_with_context(lambda authority: authority.server_context(is_self_signed=True)))
_check("unknown authority", "30d", **CERTIFICATE,
       break_it=_with_context(lambda _: certificates.Authority().server_context()))
_check("TLS 1.1 only", "30e", error="tls-failed", status=502, proxy_error="tls_alert_received",
       break_it=_with_context(_old_version))
_check("handshake stalls at once", "30f", **SILENCE, break_it=_with_script(_stall))
_check("handshake stalls in the middle", "30g", **SILENCE, break_it=_with_script(_stall_in_the_middle))
_check("reset in the handshake", "30h", **HANDSHAKE, break_it=_with_script(_reset))
_check("end in the handshake", "30i", **HANDSHAKE, break_it=_with_script(_end))
_check("plaintext before the handshake", "30j", **HANDSHAKE, break_it=_with_script(_plaintext_first))
_check("plaintext for an answer to the handshake", "30k", **HANDSHAKE,
       break_it=_with_script(_plaintext_answer))


@row("30l", "TLS: connection ends without close_notify", lab=False, needs=["openssl"])
def no_goodbye():
    authority = certificates.Authority()
    lab = Lab(tls=authority.server_context(), host="localhost",
              settings={"upstream_more": f"  caFile: {authority.path}"})
    try:
        lab.note_base()

        def script(conversation, request, says_goodbye=False):
            conversation.read_body(request)
            conversation.send(b"HTTP/1.1 200 OK\r\n\r\nall or not all")
            if says_goodbye:
                conversation.connection.unwrap()
            return False

        lab.upstream.on_request = script
        got = lab.call(expect=("upstream/response-body", "response-incomplete", 200))
        assert not got.is_complete and got.end == "reset", f"passed for whole: {got.end}"
        lab.upstream.on_request = lambda *arguments: script(*arguments, says_goodbye=True)
        got = lab.call(expect=())
        assert got.is_complete and got.body == b"all or not all", f"with close_notify: {got.end}"
        lab.check_after()
    finally:
        lab.stop()
