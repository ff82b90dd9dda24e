# Two stages: the first builds in Swift's image, and the second is a slim Debian. The Swift runtime is linked
# statically, so only the gateway's binary and its shared libraries are added to Debian.
# scripts/image builds the image and passes the arguments for the labels.
ARG SWIFT_IMAGE=swift:6.3.1-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
COPY scripts/packages.sh scripts/
# hadolint ignore=SC1091
RUN source scripts/packages.sh \
 && install_packages "${BUILD_PACKAGES[@]}" binutils python3 \
 && rm -rf /var/lib/apt/lists/*
# The manifest is copied first, so that dependencies are fetched again only when it changes.
COPY Package.swift ./
RUN swift package resolve --scratch-path .build-release
COPY scripts/release scripts/sbom scripts/
COPY Sources ./Sources
# The manifest names test targets, and SwiftPM requires their folders. Nothing in them is built.
COPY Tests ./Tests
# The context has no .git: without these arguments, --version says that the commit is unknown.
ARG REVISION=
ARG DATE=
RUN options=() \
 && if [[ -n $REVISION ]]; then options=(--revision "$REVISION" --date "$DATE"); fi \
 && gateway=$(scripts/release "${options[@]}") \
 && install -D "$gateway" /out/usr/local/bin/scorm-gateway \
 && mkdir -p /out/usr/share/doc/scorm-gateway \
 && scripts/sbom "$gateway" > /out/usr/share/doc/scorm-gateway/sbom.cdx.json

FROM ${RUNTIME_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libcurl4 libssl3 libzstd1 zlib1g \
 && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/ldconfig/aux-cache \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/scorm-gateway \
      --shell /usr/sbin/nologin scorm-gateway \
 && install -d -o scorm-gateway -g scorm-gateway -m 0750 /var/lib/scorm-gateway
COPY --from=build /out/ /
USER 10001:10001
WORKDIR /var/lib/scorm-gateway
# By default the gateway listens on loopback, which suits a container that shares its caller's network
# namespace (a sidecar). For other callers, the configuration must allow remote connections
# (docs/configuration.md).
EXPOSE 8080
STOPSIGNAL SIGTERM
# Checks the gateway's readiness at SCORM_GATEWAY_ADMIN_ADDRESS, or else at the default address, so the
# image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["scorm-gateway", "healthcheck"]
ENTRYPOINT ["scorm-gateway"]
CMD ["serve", "-c", "/etc/scorm-gateway/gateway.yaml"]
ARG RUNTIME_IMAGE
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=
LABEL org.opencontainers.image.title="scorm-gateway" \
      org.opencontainers.image.description="Authenticating gateway for the SCORM Cloud API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
