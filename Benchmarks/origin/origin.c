// The simulated upstream: keep-alive HTTP/1.1, plain and with TLS 1.3. Words in the path select the answer.
//   GET …            200, 1 KiB of JSON, Content-Length
//   GET …chunked…    the same JSON in four chunks
//   GET …bytes=N…    N bytes of zeros
//   GET …echo…       the request head as it arrived
//   POST/PUT …       reads the body (Content-Length or chunked), answers {"got":N}
//   POST …/token…    an access token valid for an hour
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum phase { HEAD, BODY_BY_LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILERS };
enum transfer { TRANSFER_BLOCKED = -1, TRANSFER_OVER = -2 };

struct connection {
  struct watcher watcher;
  SSL *tls;
  enum phase phase;
  bool wants_token, writing;
  int64_t remaining, got;         // of the request body
  unsigned char *kept;            // bytes of an incomplete head, or pipelined after an answer
  size_t kept_bytes;
  unsigned char *output;          // bytes that the socket did not accept
  size_t output_bytes, output_sent, output_room;
  int64_t zeros;                  // zeros to send after `output`
};

struct listener {
  struct watcher watcher;
  SSL_CTX *tls;
};

static char json[1025], plain_answer[2048], chunked_answer[2048], token_answer[2048];
static size_t plain_bytes, chunked_bytes, token_bytes;

static void finish(struct connection *connection) {
  if (connection->tls) SSL_free(connection->tls);
  close(connection->watcher.fd);
  free(connection->kept);
  free(connection->output);
  free(connection);
}

static ssize_t tls_outcome(struct connection *connection, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(connection->tls, result);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? TRANSFER_BLOCKED
                                                                        : TRANSFER_OVER;
}

static ssize_t receive(struct connection *connection, void *bytes, size_t room) {
  if (connection->tls)
    return tls_outcome(connection, SSL_read(connection->tls, bytes, (int)room));
  ssize_t count = recv(connection->watcher.fd, bytes, room, 0);
  if (count > 0) return count;
  return count < 0 && errno == EAGAIN ? TRANSFER_BLOCKED : TRANSFER_OVER;
}

static ssize_t transmit(struct connection *connection, const void *bytes, size_t count) {
  if (connection->tls)
    return tls_outcome(connection, SSL_write(connection->tls, bytes, (int)count));
  ssize_t sent = send(connection->watcher.fd, bytes, count, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  return errno == EAGAIN ? TRANSFER_BLOCKED : TRANSFER_OVER;
}

static void queue(struct connection *connection, const void *bytes, size_t count) {
  size_t needed = connection->output_bytes + count;
  if (needed > connection->output_room) {
    connection->output_room = needed * 2;
    connection->output = realloc(connection->output, connection->output_room);
    if (!connection->output) die("realloc");
  }
  memcpy(connection->output + connection->output_bytes, bytes, count);
  connection->output_bytes += count;
}

static bool output_pending(const struct connection *connection) {
  return connection->output_bytes > 0 || connection->zeros > 0;
}

// Sends until everything is sent or the socket blocks. Returns false if the peer is gone.
static bool flush(struct connection *connection) {
  static const unsigned char nothing[64 * 1024];
  ssize_t sent = 0;
  while (output_pending(connection)) {
    if (connection->output_bytes > 0) {
      sent = transmit(connection, connection->output + connection->output_sent,
                      connection->output_bytes - connection->output_sent);
      if (sent < 0) break;
      connection->output_sent += (size_t)sent;
      if (connection->output_sent == connection->output_bytes)
        connection->output_sent = connection->output_bytes = 0;
    } else {
      size_t piece = connection->zeros < (int64_t)sizeof nothing ? (size_t)connection->zeros
                                                                 : sizeof nothing;
      sent = transmit(connection, nothing, piece);
      if (sent < 0) break;
      connection->zeros -= sent;
    }
  }
  if (sent == TRANSFER_OVER) return false;
  bool pending = output_pending(connection);
  if (pending != connection->writing) {
    connection->writing = pending;
    loop_change(&connection->watcher, pending ? EPOLLOUT : EPOLLIN);
  }
  return true;
}

static void answer_sized(struct connection *connection, const char *type, const void *body,
                         size_t bytes) {
  char head[256];
  int count = snprintf(head, sizeof head,
                       "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\n\r\n", type, bytes);
  queue(connection, head, (size_t)count);
  if (body) queue(connection, body, bytes);
}

static void answer_body(struct connection *connection) {
  connection->phase = HEAD;
  if (connection->wants_token) return queue(connection, token_answer, token_bytes);
  char body[64];
  int count = snprintf(body, sizeof body, "{\"got\":%lld}\n", (long long)connection->got);
  answer_sized(connection, "application/json", body, (size_t)count);
}

static void begin_body(struct connection *connection, const char *head, size_t bytes) {
  connection->got = connection->remaining = 0;
  connection->phase = BODY_BY_LENGTH;
  for (const char *line = head; (line = memchr(line, '\n', bytes - (size_t)(line - head)));) {
    line++;
    if (!strncasecmp(line, "content-length:", 15)) connection->remaining = atoll(line + 15);
    if (!strncasecmp(line, "transfer-encoding:", 18)) connection->phase = CHUNK_SIZE;
    if (!strncasecmp(line, "expect:", 7)) queue(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  }
  if (connection->phase == BODY_BY_LENGTH && connection->remaining == 0) answer_body(connection);
}

static void take_head(struct connection *connection, const char *head, size_t bytes) {
  size_t line = (size_t)((const char *)memchr(head, '\r', bytes) - head);
  const char *size;
  if (*head == 'P') {
    connection->wants_token = memmem(head, line, "/token", 6) != NULL;
    begin_body(connection, head, bytes);
  } else if ((size = memmem(head, line, "bytes=", 6))) {
    long long count = atoll(size + 6);
    answer_sized(connection, "application/octet-stream", NULL, (size_t)count);
    connection->zeros = count;
  } else if (memmem(head, line, "chunked", 7)) {
    queue(connection, chunked_answer, chunked_bytes);
  } else if (memmem(head, line, "echo", 4)) {
    answer_sized(connection, "text/plain", head, bytes);
  } else {
    queue(connection, plain_answer, plain_bytes);
  }
}

// Consumes whole elements from `bytes`. Returns how many bytes were consumed.
static size_t consume(struct connection *connection, unsigned char *bytes, size_t count) {
  unsigned char *at = bytes, *end = bytes + count;
  while (at < end && !connection->zeros) {
    size_t left = (size_t)(end - at);
    unsigned char *stop;
    switch (connection->phase) {
      case HEAD:
        stop = memmem(at, left, "\r\n\r\n", 4);
        if (!stop) return (size_t)(at - bytes);
        take_head(connection, (char *)at, (size_t)(stop + 4 - at));
        at = stop + 4;
        break;
      case BODY_BY_LENGTH:
      case CHUNK_DATA:
        if ((int64_t)left > connection->remaining) left = (size_t)connection->remaining;
        connection->remaining -= (int64_t)left;
        connection->got += (int64_t)left;
        at += left;
        if (connection->remaining > 0) break;
        if (connection->phase == CHUNK_DATA) connection->phase = CHUNK_END;
        else answer_body(connection);
        break;
      default:  // the phases that read a line
        stop = memchr(at, '\n', left);
        if (!stop) return (size_t)(at - bytes);
        if (connection->phase == CHUNK_SIZE) {
          connection->remaining = strtoll((char *)at, NULL, 16);
          connection->phase = connection->remaining ? CHUNK_DATA : TRAILERS;
        } else if (connection->phase == CHUNK_END) {
          connection->phase = CHUNK_SIZE;
        } else if (stop - at <= 1) {
          answer_body(connection);
        }
        at = stop + 1;
    }
  }
  return (size_t)(at - bytes);
}

static bool keep(struct connection *connection, const unsigned char *bytes, size_t count) {
  free(connection->kept);
  connection->kept = NULL;
  connection->kept_bytes = count;
  if (count == 0) return true;
  if (count == SCRATCH_BYTES) return false;  // no request here has a head that large
  connection->kept = malloc(count);
  if (!connection->kept) die("malloc");
  memcpy(connection->kept, bytes, count);
  return true;
}

static void connection_ready(struct watcher *self, uint32_t events) {
  (void)events;
  struct connection *connection = (struct connection *)self;
  bool resumed = output_pending(connection);
  if (resumed) {
    if (!flush(connection)) return finish(connection);
    if (output_pending(connection)) return;
  }
  // At most 16 reads per turn: an upload must not starve the other connections.
  for (int turn = 0; turn < 16; turn++) {
    size_t kept = connection->kept_bytes, room = SCRATCH_BYTES - kept;
    ssize_t count = 0;
    if (kept) memcpy(scratch, connection->kept, kept);
    if (!(resumed && kept)) {
      count = receive(connection, scratch + kept, room);
      if (count == TRANSFER_BLOCKED) return;
      if (count == TRANSFER_OVER) return finish(connection);
    }
    resumed = false;
    size_t have = kept + (size_t)count;
    scratch[have] = 0;
    size_t taken = consume(connection, scratch, have);
    if (!keep(connection, scratch + taken, have - taken)) return finish(connection);
    if (output_pending(connection)) {
      // `consume` stops at a bulk answer. Requests pipelined after it continue once it is sent.
      resumed = connection->zeros > 0;
      if (!flush(connection)) return finish(connection);
      if (output_pending(connection)) return;
      if (resumed && connection->kept_bytes) continue;
      resumed = false;
    }
    if (connection->tls ? !SSL_has_pending(connection->tls) : (size_t)count < room) return;
  }
}

static void caller_arrived(struct watcher *self, uint32_t events) {
  (void)events;
  struct listener *listener = (struct listener *)self;
  for (;;) {
    int fd = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) die("calloc");
    connection->watcher = (struct watcher){.ready = connection_ready, .fd = fd};
    if (listener->tls) {
      connection->tls = SSL_new(listener->tls);
      if (!connection->tls || SSL_set_fd(connection->tls, fd) != 1) die("SSL_new");
      SSL_set_accept_state(connection->tls);
    }
    loop_add(&connection->watcher, EPOLLIN);
  }
}

static int start_listener(struct listener *listener, SSL_CTX *tls) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 4096) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    die("listen");
  *listener = (struct listener){.watcher = {.ready = caller_arrived, .fd = fd}, .tls = tls};
  loop_add(&listener->watcher, EPOLLIN);
  return ntohs(address.sin_port);
}

static void prepare_answers(void) {
  memset(json, 'x', 1024);
  memcpy(json, "{\"courses\":\"", 12);
  memcpy(json + 1021, "\"}\n", 3);
  plain_bytes = (size_t)snprintf(
      plain_answer, sizeof plain_answer,
      "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Mon, 05 Jan 2026 10:00:00 GMT\r\n"
      "Content-Type: application/json; charset=utf-8\r\nContent-Length: 1024\r\n"
      "Cache-Control: private, max-age=0\r\nETag: \"9f2c\"\r\n\r\n%s", json);
  int at = snprintf(chunked_answer, sizeof chunked_answer,
                    "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 4; i++)
    at += snprintf(chunked_answer + at, sizeof chunked_answer - (size_t)at, "100\r\n%.256s\r\n",
                   json + i * 256);
  at += snprintf(chunked_answer + at, sizeof chunked_answer - (size_t)at, "0\r\n\r\n");
  chunked_bytes = (size_t)at;
  char token[301] = "", body[512];
  memset(token, 't', 300);
  int bytes = snprintf(body, sizeof body,
                       "{\"access_token\":\"%s\",\"expires_in\":3600,\"token_type\":\"bearer\"}",
                       token);
  token_bytes = (size_t)snprintf(token_answer, sizeof token_answer,
                                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %d\r\n\r\n%s", bytes, body);
}

void origin_start(SSL_CTX *tls, int *plain_port, int *tls_port) {
  static struct listener plain_listener, tls_listener;
  prepare_answers();
  *plain_port = start_listener(&plain_listener, NULL);
  *tls_port = start_listener(&tls_listener, tls);
}
