# syntax=docker/dockerfile:1
# The worker as a small image: one binary with Swift linked in, Debian's libraries, the bundled model. Its user is not
# root, and it writes nowhere: run it with a read-only root file system.
#
#   docker build -t sentiment-worker .
#   docker run --rm --read-only sentiment-worker classify "What a lovely film."

FROM swift:6.2-bookworm AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends librdkafka-dev libopenblas-dev libyaml-dev libmicrohttpd-dev libcurl4-openssl-dev pkg-config \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources ./Sources
# Not built, but Package.swift names these folders.
COPY Tests ./Tests
RUN swift build -c release --static-swift-stdlib --product sentiment-worker
# The binary looks for its model and samples in ../share/sentiment-worker.
RUN install -D -s -t /image/bin .build/release/sentiment-worker \
  && mkdir -p /image/share/sentiment-worker \
  && cp -r .build/release/sentiment-worker_SentimentWorker.resources/. /image/share/sentiment-worker/ \
  && chmod -R a+rX /image

# The same Debian release as the builder: the libraries' versions must match.
FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends librdkafka1 libopenblas0-pthread libyaml-0-2 libmicrohttpd12 libcurl4 ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /image/ /usr/local/
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK NONE
ENTRYPOINT ["/usr/local/bin/sentiment-worker"]
CMD ["run"]
