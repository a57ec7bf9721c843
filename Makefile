# `make demo` and `make test` set themselves up in .venv; nothing else needs to be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check setup clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[embedded,test]'
	touch $@

demo: setup
	$(BIN)/python -m scripts.demo

test: setup
	scripts/check

check: test

clean:
	rm -rf $(VENV) demo build *.egg-info
