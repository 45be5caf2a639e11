# tap-pipedrive and target-pipedrive in one image:
#   docker run --rm --env-file pipedrive.env IMAGE tap-pipedrive --config=ENV
# Everything the programs write (ledger, results, rejects) is below /data, the working directory: mount a volume there,
# or set ledger_url to keep the ledger in PostgreSQL.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# The version of the package; a build context has no Git history to read it from.
ARG VERSION=0.1.0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION} PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
COPY constraints.txt ./
RUN python -m venv /opt/pipedrive
COPY pyproject.toml README.md LICENSE ./
COPY pipedrive_client/ pipedrive_client/
COPY pipedrive_singer/ pipedrive_singer/
COPY tap_pipedrive/ tap_pipedrive/
COPY target_pipedrive/ target_pipedrive/
COPY pipedrive_emulator/ pipedrive_emulator/
RUN /opt/pipedrive/bin/python -m pip install --no-cache-dir --constraint constraints.txt '.[postgres]' \
    && /opt/pipedrive/bin/python -m pip uninstall --yes --quiet pip

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="pipedrive-singer" \
      org.opencontainers.image.description="Singer tap and target for Pipedrive" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin pipedrive \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/pipedrive /opt/pipedrive
ENV PATH=/opt/pipedrive/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
CMD ["tap-pipedrive", "--help"]
