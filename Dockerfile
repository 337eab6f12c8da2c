# beholder serve, from this repository alone:
#   docker build --tag beholder .
#   docker run --read-only --publish 127.0.0.1:8017:8017 --volume "$PWD/token:/run/secrets/beholder_token:ro" beholder
# Or a folder of photographs, once:
#   docker run --rm --volume "$PWD/photos:/photos:ro" --entrypoint beholder beholder score /photos --out - > scores.csv
# Other extras: --build-arg EXTRAS=serve,raw  (heif makes the image GPL software, see NOTICE)
FROM python:3.13-slim AS build
ARG EXTRAS=serve
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src src
RUN python -m venv /opt/beholder \
    && /opt/beholder/bin/pip install --no-cache-dir --constraint constraints.txt ".[${EXTRAS}]"

FROM python:3.13-slim
COPY --from=build /opt/beholder /opt/beholder
ENV PATH=/opt/beholder/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /
USER 10001:10001
EXPOSE 8017
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
    "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8017, timeout=4); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]
# Whoever can reach a container is not this machine, so a token is asked for.
ENTRYPOINT ["beholder", "serve", "--host", "0.0.0.0", "--token-file", "/run/secrets/beholder_token"]
