# Build:  docker build -t connectory .
# Run:    docker run --read-only --tmpfs /tmp -v connectory:/data -p 127.0.0.1:8765:8765 -e APP_URL=https://connect.example.com connectory
#
# The container listens on 0.0.0.0, so it is in fleet mode: every page and every call needs an API token. Make the first one with
#         docker exec -it CONTAINER connectory token create NAME
# Set APP_URL to the address people open, and CONNECTOR_ENCRYPTION_KEY, or keep the key file that is made in /data.

# The tag moves with its security updates; docs/operating.md says how to pin one state of it by its digest.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/connectory \
    && /opt/connectory/bin/python -m pip install --require-hashes -r requirements.txt \
    && python -m pip install --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY manifests manifests
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/connectory/bin/python -m pip install --no-deps /wheel/*.whl \
    && /opt/connectory/bin/python -m pip uninstall --yes pip setuptools

FROM ${BASE_IMAGE}
RUN groupadd --gid 10001 connectory \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin connectory \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/connectory /opt/connectory
ENV PATH="/opt/connectory/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONNECTORY_DATA_DIR=/data \
    CONNECTORY_HOST=0.0.0.0 \
    CONNECTORY_PORT=8765
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['CONNECTORY_PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["connectory"]
CMD ["serve"]
