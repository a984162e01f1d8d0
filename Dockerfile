# psso-bot: one process, no inbound port in Socket Mode, not root.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/bootstrap.txt requirements/runtime.txt requirements/
RUN python -m venv /app \
 && /app/bin/pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
 && /app/bin/uv pip install --no-cache --python /app/bin/python --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY handlers handlers
RUN /app/bin/uv pip install --no-cache --python /app/bin/python --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 psso \
 && useradd --uid 10001 --gid psso --no-create-home --shell /usr/sbin/nologin psso \
 && install -d -o psso -g psso -m 0700 /var/lib/psso
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PSSO_STATE_DIR=/var/lib/psso
USER psso
VOLUME /var/lib/psso
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('PSSO_HEALTH_PORT', '8081') + '/healthz', timeout=4)"]
ENTRYPOINT ["psso-bot"]
CMD ["serve"]
