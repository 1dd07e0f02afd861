# The testbed with everything that it needs, for those who want one image:
#   docker build -t gaia-testbed . && docker run -v "$PWD/out:/out" gaia-testbed run fig8 --out /out
FROM rust:1.95-bookworm AS build
WORKDIR /gaia
COPY . .
RUN cargo build --release --locked --bin experiments

FROM debian:bookworm-slim
COPY --from=build /gaia/target/release/experiments /usr/local/bin/experiments
ENTRYPOINT ["experiments"]
CMD ["list"]
