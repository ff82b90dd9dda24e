-- A table of the calls of all gateways with a column for each field, filled from what the OpenTelemetry Collector writes
-- (otel-collector-clickhouse.yaml). Run this once in the collector's database, after the collector has created otel_logs:
--
--   clickhouse-client --database telemetry --multiquery < clickhouse-calls.sql

CREATE TABLE IF NOT EXISTS scorm_calls (
    time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    gateway LowCardinality(String),
    caller LowCardinality(String),
    app LowCardinality(String),
    operation LowCardinality(String),
    method LowCardinality(String),
    path String CODEC(ZSTD(3)),
    query String CODEC(ZSTD(3)),
    status UInt16,
    termination LowCardinality(String),
    error LowCardinality(String),
    -- Seconds.
    duration Float64,
    queue_wait Float64,
    token_wait Float64,
    request_bytes UInt64,
    response_bytes UInt64,
    client String,
    user_agent LowCardinality(String),
    -- Requests to SCORM Cloud, as JSON.
    upstream String CODEC(ZSTD(3)),
    request_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    INDEX by_request request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (app, operation, time)
-- Paths contain ids of learners: do not keep them longer than you are allowed to.
TTL toDateTime(time) + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS scorm_calls_of_logs TO scorm_calls AS
SELECT
    Timestamp AS time,
    LogAttributes['scorm_gateway.gateway'] AS gateway,
    LogAttributes['scorm_gateway.caller'] AS caller,
    LogAttributes['scorm_gateway.app'] AS app,
    LogAttributes['scorm_gateway.operation'] AS operation,
    LogAttributes['http.request.method'] AS method,
    LogAttributes['url.path'] AS path,
    LogAttributes['url.query'] AS query,
    -- 0 if there is no answer, as in the traffic log.
    toUInt16OrZero(LogAttributes['http.response.status_code']) AS status,
    LogAttributes['scorm_gateway.termination'] AS termination,
    LogAttributes['error.type'] AS error,
    toFloat64OrZero(LogAttributes['scorm_gateway.duration']) AS duration,
    toFloat64OrZero(LogAttributes['scorm_gateway.queue_wait']) AS queue_wait,
    toFloat64OrZero(LogAttributes['scorm_gateway.token_wait']) AS token_wait,
    toUInt64OrZero(LogAttributes['http.request.body.size']) AS request_bytes,
    toUInt64OrZero(LogAttributes['http.response.body.size']) AS response_bytes,
    LogAttributes['client.address'] AS client,
    LogAttributes['user_agent.original'] AS user_agent,
    LogAttributes['scorm_gateway.upstream'] AS upstream,
    LogAttributes['scorm_gateway.request_id'] AS request_id,
    TraceId AS trace_id
FROM otel_logs
WHERE ScopeName = 'scorm-gateway';

-- Calls, failures and percentiles of the last hour, by operation.
SELECT
    operation,
    count() AS calls,
    countIf(status = 0 OR status >= 500) AS failed,
    countIf(status >= 400 AND status < 500) AS refused,
    round(quantile(0.5)(duration) * 1000, 1) AS p50_ms,
    round(quantile(0.99)(duration) * 1000, 1) AS p99_ms
FROM scorm_calls
WHERE time > now() - INTERVAL 1 HOUR
GROUP BY operation
ORDER BY calls DESC;

-- At which gateways calls wait for limits, and how long. Uneven figures show uneven callers, not a fault.
SELECT
    toStartOfMinute(time) AS minute,
    gateway,
    count() AS calls,
    countIf(queue_wait > 0) AS waited,
    round(max(queue_wait), 3) AS longest_wait
FROM scorm_calls
WHERE time > now() - INTERVAL 1 HOUR
GROUP BY minute, gateway
ORDER BY minute, gateway;

-- What went wrong most often today, and for which callers.
SELECT caller, operation, termination, error, count() AS calls, max(time) AS last
FROM scorm_calls
WHERE time > today() AND termination != 'completed'
GROUP BY caller, operation, termination, error
ORDER BY calls DESC
LIMIT 20;

-- Everything about one call, whichever gateway received it.
SELECT *
FROM scorm_calls
WHERE request_id = 'order-17';
