# syntax=docker/dockerfile:1
#
# One binary on a small base without a shell, as a user without rights.
#
#   docker build -t keyferry .
#   docker run --rm -p 127.0.0.1:8080:8080 --env-file secrets.env \
#     -v ./keyferry.toml:/etc/keyferry/keyferry.toml:ro -v keyferry:/var/lib/keyferry keyferry
#
# In a container `server.listen` must be "0.0.0.0:8080": a published port does not reach 127.0.0.1.
#
# Linked against glibc and set on distroless `cc`, not linked statically against musl: hashing and the pools allocate
# from many threads, where musl's allocator is slow; and glibc is what the tests and the figures of this project run
# on. Debian 12 on both stages, so that the C library is the same.

FROM rust:1.95-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build

# The dependencies alone, over stubs of our own code: a layer that lasts until Cargo.lock changes.
# rust-toolchain.toml stays outside: the image has that toolchain, and the file would fetch clippy and rustfmt.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src benches \
    && sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"/benches\/\1.rs/p' Cargo.toml | xargs --no-run-if-empty touch \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --locked --profile dist --lib --bins

# Our own code. Cargo goes by times of change, and those of the stubs are later than those of the sources.
# The example is compiled in: the configuration reference comes from it.
COPY docs/keyferry.example.toml docs/
COPY migrations migrations
COPY src src
RUN touch src/main.rs src/lib.rs \
    && cargo build --locked --profile dist --bin keyferry \
    && install -D target/dist/keyferry /out/keyferry \
    && mkdir -p /out/var/lib/keyferry

# Brings glibc, libgcc and CA certificates; no shell, no package manager. `nonroot` is user and group 65532.
FROM gcr.io/distroless/cc-debian12:nonroot

LABEL org.opencontainers.image.title="keyferry" \
      org.opencontainers.image.description="Moves people from an old user store to Okta without anyone resetting a password" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"

COPY --from=build /out/keyferry /keyferry
COPY LICENSE-MIT LICENSE-APACHE /licenses/
# A SQLite ledger with a relative name is kept here; with a ledger on PostgreSQL nothing is written at all.
COPY --from=build --chown=65532:65532 /out/var/lib/keyferry /var/lib/keyferry
WORKDIR /var/lib/keyferry
VOLUME /var/lib/keyferry
USER 65532:65532

# The hook. The private listener, 9090, is not for publishing.
EXPOSE 8080

# The binary asks its own private listener, at the address of the configuration; there is no curl here.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/keyferry", "serve", "--probe", "--config", "/etc/keyferry/keyferry.toml"]

ENTRYPOINT ["/keyferry"]
CMD ["serve", "--config", "/etc/keyferry/keyferry.toml"]
