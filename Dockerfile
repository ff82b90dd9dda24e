# Two stages: Swift's image builds, a slim Debian runs. The Swift runtime is linked in, so the
# final image holds one binary of ours besides the libraries it is linked to.
ARG SWIFT_IMAGE=swift:6.3.1-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libcurl4-openssl-dev libssl-dev libyaml-dev libsqlite3-dev \
    libzstd-dev libexpat1-dev libminizip-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The manifest alone first: dependencies are fetched again only when it changes.
COPY Package.swift ./
RUN swift package resolve
COPY Sources ./Sources
# The manifest names test targets and SwiftPM wants to see their folders; nothing in them is built.
COPY Tests ./Tests
RUN swift build -c release --product scorm-gateway --static-swift-stdlib -Xlinker -s \
 && install -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/scorm-gateway" \
      /out/usr/local/bin/scorm-gateway

FROM ${RUNTIME_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libcurl4 libssl3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin \
      scorm-gateway \
 && install -d -o scorm-gateway -g scorm-gateway -m 0750 /var/lib/scorm-gateway
COPY --from=build /out/ /
USER 10001:10001
WORKDIR /var/lib/scorm-gateway
# The default listener is loopback, for a container that shares its caller's network namespace (a
# sidecar). To be called from elsewhere the configuration must say so (docs/configuration.md).
EXPOSE 8080
STOPSIGNAL SIGTERM
# Asks the gateway's own readiness over its admin address; the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["scorm-gateway", "healthcheck"]
ENTRYPOINT ["scorm-gateway"]
CMD ["serve", "-c", "/etc/scorm-gateway/gateway.yaml"]
