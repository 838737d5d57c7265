# Everything happens in .venv, built on first use and again whenever pyproject.toml changes.
# Needs git, make and a Python of at least 3.11; name one with: make lab PYTHON=/path/to/python3
PYTHON = python3.13 python3.12 python3.11 python3.14 python3 python
TORCH = torch==2.13.0

VENV = .venv/bin/python
READY := .venv/ready-$(shell pwd | cksum | cut -d ' ' -f 1)# named after the folder: moved, it installs again
unexport PYTHONHOME PYTHONPATH

.PHONY: help lab tour site test test-torch test-gpu gpu-report test-staff test-nbgrader prove format clean
.DELETE_ON_ERROR:

help:
	@echo "make lab         open the course's first notebook in JupyterLab"
	@echo "make tour        run that notebook without a screen; writes build/00_tour.html"
	@echo "make site        write the lessons as web pages; open build/site/index.html"
	@echo "make test        every check: format, lint, types, doctests and tests"
	@echo "make test-torch  the comparisons with PyTorch (installs it into .venv)"
	@echo "make test-gpu    the cuda device on an NVIDIA card"
	@echo "make gpu-report  times on an NVIDIA card beside PyTorch, as docs/gpu.md"
	@echo "make test-staff     grading on a real Dask cluster, likeness (installs Dask, copydetect)"
	@echo "make test-nbgrader  nbgrader's own tools on our exercises (in a venv inside .venv)"
	@echo "make prove       grade the course's solutions for 2,000 students each, and its mistakes"
	@echo "make format      lay the code out as 'make test' expects it"
	@echo "make clean       remove what was built, .venv excepted"

lab tour test: $(READY)
	@$(VENV) -m tinylearn $@ $(ARGS)

site: $(READY)
	@$(VENV) -m tinylearn course site --out build/site $(ARGS)

test-torch: $(READY)
	@$(VENV) -c 'import torch' 2>/dev/null || $(VENV) -m pip install --quiet $(TORCH)
	@$(VENV) -m tinylearn test tests/torch $(ARGS)

test-gpu: $(READY)
	@$(VENV) -m tinylearn test tests/cuda $(ARGS)

gpu-report: $(READY)
	@$(VENV) -m benchmarks.gpu > docs/gpu.part && mv docs/gpu.part docs/gpu.md

test-staff: $(READY)
	@$(VENV) -c 'import copydetect, distributed' 2>/dev/null || \
	    $(VENV) -m pip install --quiet -e '.[cluster,staff]'
	@$(VENV) -m tinylearn test tests/course/test_cluster.py tests/course/test_similar.py $(ARGS)

test-nbgrader: $(READY)
	@test -x .venv/nbgrader/bin/nbgrader || { $(VENV) -m venv .venv/nbgrader && \
	    .venv/nbgrader/bin/python -m pip install --quiet -e '.[course,test]' nbgrader; }
	@.venv/nbgrader/bin/python -m tinylearn test tests/course/test_nbgrader.py $(ARGS)

prove: $(READY)
	@$(VENV) -m tinylearn course build --check --no-run --seeds 2000 $(ARGS)

format: $(READY)
	@$(VENV) -m ruff check --quiet --fix-only . ; $(VENV) -m ruff format .

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(READY): pyproject.toml $(VENV)
	@echo "installing into .venv (once; a minute or two)"
	@$(VENV) -m pip install --quiet --disable-pip-version-check -e '.[course,test]'
	@touch $@

$(VENV):
	@for python in $(PYTHON); do \
	    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then without="$$python"; continue; fi; \
	    echo "building .venv with $$($$python --version)"; \
	    rm -f .venv/bin/python*; \
	    exec $$python -m venv .venv; \
	done; \
	if [ -n "$$without" ]; then \
	    echo "$$without has no venv and ensurepip. On Debian and Ubuntu: apt install python3-venv" >&2; \
	else \
	    echo "No Python of at least 3.11 among: $(PYTHON). Name yours: make PYTHON=/path/to/python3" >&2; \
	fi; exit 1
