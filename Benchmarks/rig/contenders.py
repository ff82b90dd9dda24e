"""The proxies that are compared. Each function writes a configuration and returns a command.

All of them do at least this: keep-alive on both sides, the path unchanged, `Host` and `Authorization` set for the
upstream, request bodies streamed, one worker, TLS 1.3 with verification in TLS mode. `gateway` and `nginx-full` also
do the same extra work: a token chosen by scope, a rate limit, and one JSON line per request (which `nginx` writes too).
"""

import dataclasses
import os
import pathlib
import re

from . import places
from .places import CERTIFICATE, Unusable, tool

TOKEN = "t" * 300
PREFIX = "/api/v2"


@dataclasses.dataclass(frozen=True)
class Shape:
    """The size of the gateway's configuration."""

    threads: int = 1
    apps: int = 1
    callers: int = 0  # identified by their addresses; 0: all are one caller
    upstream_connections: int = 512
    journal_size: str = "512MiB"  # of a contender with a journal
    secured: bool = False  # callers use TLS and must present a certificate


def source_address(number):
    """The address of the load's source with this number, as load.c numbers them."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


class Setting:
    """The settings of a contender: where it listens, its upstream, where it may write."""

    def __init__(self, directory, port, origin, tls, log, shape=Shape()):
        self.shape = shape
        self.directory = pathlib.Path(directory)
        self.port = port
        self.origin = origin
        self.tls = tls
        self.log = log

    @property
    def upstream_port(self):
        return self.origin.tls_port if self.tls else self.origin.plain_port

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path


# Two limits apply to every request of the load, but nothing waits for them.
LIMITS = """\
limits:
  - {name: reads, per: app, match: {access: read}, rate: 1000000/1s, burst: 1000000}
  - {name: callers, per: app+caller, rate: 1000000/1s, burst: 1000000}
"""


def gateway(setting, limits=LIMITS, journal="null"):
    if not os.access(places.GATEWAY, os.X_OK):
        raise Unusable(f"no gateway at {places.GATEWAY}: scripts/release makes it, or set GATEWAY")
    setting.write("secret", "bench-secret\n").chmod(0o600)
    scheme = "https" if setting.tls else "http"
    log = setting.directory / "traffic.log" if setting.log else "null"
    secret = setting.directory / "secret"
    names = [f"app{number}" for number in range(1, setting.shape.apps + 1)]
    apps = "".join(f"  - {{name: {name}, id: BENCH, secret: {{file: {secret}}}}}\n" for name in names)
    callers = "".join(
        f"  - {{name: caller{number}, match: {{address: {source_address(number)}}},"
        f" apps: [{', '.join(names)}], allow: ['*']}}\n" for number in range(setting.shape.callers))
    callers += "  - {name: rig, match: {address: 127.0.0.1}, apps: [app1], allow: ['*']}\n"
    callers = f"callers:\n{callers}" if setting.shape.callers else ""
    tls = ""
    if setting.shape.secured:
        tls = (f"    tls: {{certificate: {{file: {places.CALLERS}/proxy.pem}}, key: {{file: {places.CALLERS}/proxy.key}},"
               f" clientCA: {{file: {places.CALLERS_CA}}}, client: required}}\n")
        callers = ("callers:\n  - {name: rig, match: {certificate: {uri: \"spiffe://bench/client\"}},"
                   " apps: [app1], allow: ['*']}\n")
    configuration = setting.write("gateway.yaml", f"""\
listen:
  - address: 127.0.0.1:{setting.port}
{tls}admin:
  address: 127.0.0.1:{places.free_port()}
upstream:
  url: {scheme}://127.0.0.1:{setting.upstream_port}{PREFIX}
  caFile: {CERTIFICATE if setting.tls else "null"}
  maxConnections: {setting.shape.upstream_connections}
apps:
{apps}defaultApp: app1
{callers}tokens:
  url: http://127.0.0.1:{setting.origin.plain_port}/oauth/authenticate/application/token
{limits}traffic:
  log: {{path: {log}, format: json}}
  journal: {journal}
""")
    return [str(places.GATEWAY), "serve", "-c", str(configuration),
            "--threads", str(setting.shape.threads)]


def gateway_without_limits(setting):
    return gateway(setting, limits="")


def gateway_with_journal(setting):
    path = setting.directory / "traffic.sqlite"
    for old in setting.directory.glob("traffic.sqlite*"):
        old.unlink()
    return gateway(setting, journal=f"{{path: {path}, maxSize: {setting.shape.journal_size}}}")


NGINX_LINE = (
    '{"timestamp":"$time_iso8601","request_id":"$request_id","client.address":"$remote_addr",'
    '"http.request.method":"$request_method","url.path":"$uri","url.query":"$args",'
    '"http.response.status_code":$status,"http.request.body.size":"$content_length",'
    '"http.response.body.size":$body_bytes_sent,"duration":$request_time,'
    '"upstream":[{"address":"$upstream_addr","status":"$upstream_status",'
    '"duration":"$upstream_response_time"}],"user_agent.original":"$http_user_agent"}')

LUA_MODULES = [pathlib.Path("/usr/lib/nginx/modules") / name
               for name in ("ndk_http_module.so", "ngx_http_lua_module.so")]


def nginx(setting, full=False):
    binary = tool("nginx")
    if full and not all(module.exists() for module in LUA_MODULES):
        raise Unusable("nginx has no Lua module (Benchmarks/setup installs it)")
    scheme = "https" if setting.tls else "http"
    modules = "".join(f"load_module {module};\n" for module in LUA_MODULES) if full else ""
    log = ("access_log off;" if not setting.log else
           f"access_log {setting.directory}/access.log line buffer=64k flush=1s;")
    shared = "" if not full else f"""
  limit_req_zone $server_name zone=reads:1m rate=1000000000r/s;
  lua_shared_dict tokens 1m;
  init_by_lua_block {{
    for _, scope in ipairs({{"read:course", "write:course"}}) do
      ngx.shared.tokens:set(scope, "{TOKEN}")
    end
  }}"""
    credential = f'proxy_set_header Authorization "Bearer {TOKEN}";' if not full else """
      limit_req zone=reads burst=100000 nodelay;
      access_by_lua_block {
        local scope = ngx.req.get_method() == "GET" and "read:course" or "write:course"
        ngx.req.set_header("Authorization", "Bearer " .. ngx.shared.tokens:get(scope))
      }"""
    paths = "".join(f"  {kind}_temp_path {setting.directory}/{kind};\n"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    ssl = "" if not setting.shape.secured else f"""ssl backlog=4096;
    ssl_certificate {places.CALLERS}/proxy.pem;
    ssl_certificate_key {places.CALLERS}/proxy.key;
    ssl_client_certificate {places.CALLERS_CA};
    ssl_verify_client on;
    ssl_protocols TLSv1.2 TLSv1.3"""
    configuration = setting.write("nginx.conf", f"""\
{modules}{user}
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid {setting.directory}/nginx.pid;
error_log {setting.directory}/error.log warn;
events {{ worker_connections 19000; }}
http {{
  log_format line escape=json '{NGINX_LINE}';
  {log}
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  client_max_body_size 0;
{paths}{shared}
  upstream origin {{
    server 127.0.0.1:{setting.upstream_port};
    keepalive {setting.shape.upstream_connections};
    keepalive_requests 1000000000;
    keepalive_timeout 600;
  }}
  server {{
    listen 127.0.0.1:{setting.port} {ssl or "backlog=4096"};
    location {PREFIX}/ {{
      {credential}
      proxy_pass {scheme}://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host upstream.test;
      proxy_request_buffering off;
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_server_name on;
      proxy_ssl_name localhost;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {CERTIFICATE};
    }}
  }}
}}
""")
    return [binary, "-p", str(setting.directory), "-c", str(configuration)]


def nginx_full(setting):
    return nginx(setting, full=True)


def haproxy(setting):
    binary = tool("haproxy")
    tls = (f" ssl verify required ca-file {CERTIFICATE} verifyhost localhost"
           " sni str(localhost) ssl-min-ver TLSv1.3") if setting.tls else ""
    ssl = (f" ssl crt {places.CALLERS}/proxy-pair.pem ca-file {places.CALLERS_CA} verify required alpn http/1.1"
           ) if setting.shape.secured else ""
    configuration = setting.write("haproxy.cfg", f"""\
global
  nbthread 1
  maxconn 9950
  {"log stdout format raw local0" if setting.log else ""}
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  {"log global" if setting.log else ""}
  {"option httplog" if setting.log else ""}
frontend callers
  bind 127.0.0.1:{setting.port} backlog 4096{ssl}
  default_backend upstream
backend upstream
  http-reuse always
  http-request set-header Authorization "Bearer {TOKEN}"
  http-request set-header Host upstream.test
  server origin 127.0.0.1:{setting.upstream_port} pool-max-conn -1{tls}
""")
    return [binary, "-f", str(configuration), "-db"]


def envoy(setting):
    """Envoy with its own OAuth 2 client, its closest equivalent to this gateway."""
    binary = os.environ.get("ENVOY") or (
        str(places.ENVOY) if places.ENVOY.exists() else tool("envoy"))
    template = (places.BENCHMARKS / "rig" / "envoy.yaml").read_text()
    tls = "" if not setting.tls else f"""\
      transport_socket:
        name: tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: localhost
          common_tls_context:
            tls_params: {{tls_minimum_protocol_version: TLSv1_3, tls_maximum_protocol_version: TLSv1_3}}
            validation_context: {{trusted_ca: {{filename: {CERTIFICATE}}}}}"""
    log = "[]" if not setting.log else (
        "[{name: file, typed_config: {\"@type\": type.googleapis.com/envoy.extensions."
        f"access_loggers.file.v3.FileAccessLog, path: {setting.directory}/access.log}}}}]")
    values = {"PORT": setting.port, "UPSTREAM_PORT": setting.upstream_port, "TLS": tls,
              "TOKEN_PORT": setting.origin.plain_port, "ACCESS_LOG": log}
    text = re.sub(r"@([A-Z_]+)@", lambda found: str(values[found[1]]), template)
    configuration = setting.write("envoy.yaml", text)
    return [binary, "-c", str(configuration), "--concurrency", "1", "--log-level", "error",
            "--use-dynamic-base-id", "--disable-hot-restart"]


def floor(setting):
    """Moves bytes, inserts a credential, and does nothing else; without TLS and without a log."""
    if setting.tls or setting.shape.secured:
        raise Unusable("the floor speaks no TLS")
    return [str(places.FLOOR), str(setting.port), str(setting.upstream_port), TOKEN]


CONTENDERS = {"gateway": gateway, "gateway-without-limits": gateway_without_limits,
              "gateway-with-journal": gateway_with_journal,
              "nginx-full": nginx_full, "nginx": nginx,
              "haproxy": haproxy, "envoy": envoy, "floor": floor}
