# The two commands of the README, `make run` and `make test`, and the benchmarks install what they need.
# On Debian and Ubuntu that happens by apt; elsewhere the missing package is named.

.PHONY: run test deb image bench-peers bench-train bench-station

APT := $(shell command -v apt-get)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# What running needs: ffmpeg reads and writes media, the stamps are the demo's photos and sounds; microphones are built
# on ALSA, cameras on the kernel's headers as clang reads them.
RUN_PACKAGES := build-essential pkg-config libasound2-dev clang libclang-dev ffmpeg tuxpaint-stamps-default
# What tests need besides: Mesa's software Vulkan stands in for a GPU, tmux for a person before a terminal; the fonts are
# those that a kiosk writes with.
TEST_PACKAGES := $(RUN_PACKAGES) mesa-vulkan-drivers libvulkan1 tmux fonts-dejavu-core fonts-noto-cjk

# $(call install,packages): installs those that are missing; asks apt only if there are any. (`dpkg -s` would not do: it
# fails for a package that is there for two architectures.)
define install
	@missing=""; \
	if [ -n "$(APT)" ]; then \
	  for p in $(1); do \
	    dpkg-query -Wf '$${db:Status-Status} ' $$p 2>/dev/null | grep -qE '(^| )installed' || missing="$$missing $$p"; \
	  done; \
	  if [ -n "$$missing" ]; then \
	    echo "Installing$$missing"; \
	    $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	  fi; \
	elif ! command -v ffmpeg >/dev/null; then \
	  echo "ffmpeg is missing. macOS: brew install ffmpeg. Elsewhere: your system's package ffmpeg."; exit 1; \
	fi
	@command -v cargo >/dev/null || { echo "Rust is missing: see https://rustup.rs, then run make again."; exit 1; }
endef

run:
	$(call install,$(RUN_PACKAGES))
	cargo run --release --locked -- demo

test:
	$(call install,$(TEST_PACKAGES))
	cargo test --workspace --locked --features lookhear/wgpu,lookhear/ndarray,lookhear-train/wgpu

# A Debian package in target/debian: program, services, settings (see firmware-config/README.md). ARCH=arm64 makes the
# one for Jetson and Raspberry Pi on any machine.
NATIVE := $(shell dpkg --print-architecture 2>/dev/null)
ARCH ?= $(NATIVE)
DEB_TOOL := target/tools/bin/cargo-deb
DEB_PACKAGES := build-essential pkg-config libasound2-dev clang libclang-dev dpkg-dev liblzma-dev
# Debian's own Rust has the standard library for arm64, as .ci/aarch64 uses it; sound and the kernel's headers come
# from Debian's second architecture.
CROSS_PACKAGES := $(DEB_PACKAGES) rustc-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu libasound2-dev:arm64
CROSS_ENV := RUSTC=/usr/bin/rustc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
  PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_LIBDIR_aarch64_unknown_linux_gnu=/usr/lib/aarch64-linux-gnu/pkgconfig

$(DEB_TOOL):
	cargo install --root target/tools --locked --version 3.8.0 cargo-deb

deb:
ifeq ($(ARCH),$(NATIVE))
	$(call install,$(DEB_PACKAGES))
	$(MAKE) $(DEB_TOOL)
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo deb --locked
else ifeq ($(ARCH),arm64)
	dpkg --print-foreign-architectures | grep -qx arm64 || $(SUDO) dpkg --add-architecture arm64
	$(call install,$(CROSS_PACKAGES))
	$(MAKE) $(DEB_TOOL)
	# A folder of its own: the two compilers must not share one.
	PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CROSS_ENV) CARGO_TARGET_DIR=target/aarch64 \
	  cargo deb --locked --target aarch64-unknown-linux-gnu --output target/debian/
else
	@echo "make deb ARCH=$(ARCH): there are packages for $(NATIVE) and arm64"; exit 1
endif

# A container image of that package in target/image, for podman and Docker (see docs/container.md). DEB: another package.
# ARCH=arm64 needs QEMU besides, which runs the scripts of its packages.
image:
	$(if $(DEB),,$(MAKE) deb)
	$(call install,mmdebstrap podman crun dpkg-dev $(if $(filter-out $(NATIVE),$(ARCH)),qemu-user-static))
	firmware-config/container/build.sh $(or $(DEB),$$(ls -t target/debian/lookhear_*_$(ARCH).deb | head -n 1)) target/image/lookhear-$(ARCH).tar

# Speed, memory and error beside ncnn, ONNX Runtime and OpenVINO, on the same weights.
# MODEL: a bundle (by default the paper's towers with random weights); INPUTS: videos to compare outputs on
# (by default the virtual studio).
PEERS := target/peers
MODEL ?= $(PEERS)/l3.safetensors
bench-peers:
	$(call install,$(RUN_PACKAGES) python3-venv)
	cargo build --release --locked --example peer-worker
	mkdir -p $(PEERS)
	target/release/examples/peer-worker --samples $(PEERS)/inputs $(INPUTS) \
	  $(if $(filter $(PEERS)/l3.safetensors,$(MODEL)),--make $(MODEL))
	target/release/examples/peer-worker --make $(PEERS)/edge.safetensors --preset edge
	[ -d $(PEERS)/venv ] || python3 -m venv $(PEERS)/venv
	$(PEERS)/venv/bin/pip install -q -r benches/peers/requirements.txt
	$(PEERS)/venv/bin/python benches/peers/bench.py --model $(MODEL) --worker target/release/examples/peer-worker \
	  --small models/lookhear-edge.safetensors $(PEERS)/edge.safetensors \
	  --inputs $(PEERS)/inputs --out $(PEERS)/report

# Training throughput beside PyTorch, on noise: no data is needed.
bench-train:
	$(call install,$(RUN_PACKAGES) python3-venv)
	cargo build --release --locked -p lookhear-train
	[ -d target/training ] || python3 -m venv target/training
	target/training/bin/pip install -q -r benches/training/requirements.txt
	target/training/bin/python benches/training/bench.py --binary target/release/lookhear-train

# What four network cameras, and two hundred browsers, cost a station.
bench-station:
	$(call install,$(RUN_PACKAGES) python3)
	cargo build --release --locked
	python3 benches/station/bench.py --binary target/release/lookhear
