# The service on a CPU: real embeddings, a real index, the extractive reader. No download at run time.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/teola
# The packages change rarely and the code often: in this order a new version of ours reuses their layer.
COPY requirements/embedded.lock requirements/
RUN /opt/teola/bin/pip install --no-deps --require-hashes --only-binary :all: \
        --requirement requirements/embedded.lock
COPY pyproject.toml README.md LICENSE NOTICE CHANGELOG.md ./
COPY spec spec/
COPY planner planner/
COPY executors executors/
COPY api api/
COPY workflows workflows/
RUN /opt/teola/bin/pip install --no-deps --no-build-isolation . && mkdir -p /var/lib/teola

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/teola/bin:$PATH
ENV HOME=/var/lib/teola
COPY --from=build /opt/teola /opt/teola
COPY --from=build --chown=10001:10001 /var/lib/teola /var/lib/teola
WORKDIR /var/lib/teola
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["teola"]
CMD ["up", "--host", "0.0.0.0", "--port", "8000"]
