# Makefile - builds the server, and holds every command of the project: see `make help`.
#
#   make                                    the server, as build/number-masking
#   make QUIET=                                          the same, showing the compiler's commands
#   make BUILD=build/asan SANITIZE=address,undefined     the same with sanitizers, elsewhere

BUILD    ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE ?=
OPTIMIZE ?= -O2 -g
QUIET    ?= @

.DEFAULT_GOAL := build

# make takes such a name for several, or for a pattern. The checkout's own path may have any.
ODD := ' " ` : ; % & | ( ) < > * ? [ \# ~
ifneq ($(strip $(words $(BUILD)) $(foreach mark,$(ODD),$(findstring $(mark),$(BUILD)))),1)
$(error BUILD=$(BUILD): make cannot use a folder with blanks or any of $(ODD) in its name; leave BUILD out, or name another)
endif

# ---- the programs ----

# The folders below server/ that a folder may include from: the rule of dependency. It is the
# compiler's search path, so a header of any other folder is not found. "." is server/ itself.
SEES_lib      := lib
SEES_web      := lib web
SEES_protocol := lib web protocol
SEES_database := lib protocol database
SEES_.        := lib web protocol database .
SEES_console  := lib web console
SEES_plivo    := lib plivo
SEES_tests    := . lib web protocol database console
includes       = $(foreach folder,$(SEES_$(1)),-Iserver/$(folder:.=))

LIBRARIES := libpq libxml-2.0 libcrypto
# Without the one about rows of a table whose last columns are left out: those are zeros.
WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
             -Wconversion -Wno-sign-conversion -Wvla -Wundef -Wno-missing-field-initializers
# As far as compiler and processor have them: x86 alone has -fcf-protection, arm64 alone the next one.
WISHED := -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard
ifeq ($(SANITIZE),)
WISHED += -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=2
else
SANITIZERS := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
# Asked once, when something is compiled: `make help` works before anything is installed.
HARDENING = $(eval HARDENING := -fPIE $(shell for flag in $(WISHED); do \
  $(CC) $(OPTIMIZE) -Werror $$flag -include stdio.h -x c -c -o /dev/null /dev/null 2>/dev/null && echo $$flag; done))$(HARDENING)
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS   = $(shell pkg-config --libs $(LIBRARIES))

ALL_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -pthread $(OPTIMIZE) $(WARNINGS) $(HARDENING) $(SANITIZERS) \
              -I$(BUILD)/generated $(PACKAGE_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(SANITIZERS) $(LDFLAGS)
ALL_LIBS    = -lcivetweb -lm $(PACKAGE_LIBS)
# Linked whatever the linker thinks: a sanitizer has a crypt_r of its own, which only calls this one.
CRYPT      := -Wl,--push-state,--no-as-needed -lcrypt -Wl,--pop-state

# One archive for each folder, of which a program gets what it uses.
objects  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out server/main.c,$(wildcard $(1)/*.c)))
archives = $(patsubst %,$(BUILD)/server/%.a,$(1))
FOLDERS := lib web protocol database

.PHONY: build
build: $(BUILD)/number-masking $(BUILD)/number-masking-console $(BUILD)/number-masking-plivo

$(BUILD)/number-masking: $(BUILD)/server/main.o $(call objects,server) \
                        $(call archives,database protocol web lib)
	@echo "  link     $@"
	$(QUIET)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(BUILD)/number-masking-console: $(call objects,server/console) $(call archives,web lib)
	@echo "  link     $@"
	$(QUIET)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS) $(CRYPT)

# The tool that sets Plivo up; the only one with libcurl, and without the web server.
$(BUILD)/number-masking-plivo: $(call objects,server/plivo) $(call archives,lib)
	@echo "  link     $@"
	$(QUIET)$(CC) $(ALL_LDFLAGS) -o $@ $^ $$(pkg-config --libs libpq libcrypto libcurl)

define archive
$(BUILD)/server/$(1).a: $(call objects,server/$(1))
	@rm -f $$@
	$$(QUIET)$(AR) rcs $$@ $$^
endef
$(foreach folder,$(FOLDERS),$(eval $(call archive,$(folder))))

# Asked once, before anything is compiled: a newcomer gets a command, not the compiler's words.
$(BUILD)/tools:
	@{ command -v $(firstword $(CC)) && command -v pkg-config && pkg-config --exists $(LIBRARIES) libcurl && \
	   echo '#include <civetweb.h>' | $(CC) -E -; } >/dev/null 2>&1 || \
	  { echo "Something to build with is missing. Debian and Ubuntu have it, as root:"; \
	    echo "  apt-get update && apt-get install --no-install-recommends" \
	      $$(server/tools/install --list build); \
	    echo "(make run installs what is missing by itself.)"; exit 1; } >&2
	@mkdir -p $(@D) && touch $@

$(BUILD)/server/%.o: server/%.c Makefile | $(BUILD)/tools
	@mkdir -p $(@D)
	@echo "  compile  $<"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(call includes,$(*D)) -MMD -MP -c -o $@ $<

# Readable files become C strings: sql/server/answer_calls.sql is SQL_ANSWER_CALLS. Comment lines
# are left out.
SQL := $(wildcard sql/server/*.sql)
$(BUILD)/server/database/store.o $(BUILD)/server/console/screens.o $(BUILD)/server/plivo/turns.o \
$(BUILD)/server/plivo/requests.o $(BUILD)/server/lib/interface.o: \
  $(BUILD)/generated/statements.h
$(BUILD)/generated/statements.h: $(SQL) Makefile
	@mkdir -p $(@D)
	@{ echo '/* Made from sql/server/ by the Makefile. */'; \
	   for file in $(SQL); do \
	     name=$$(basename "$$file" .sql | tr '[:lower:]' '[:upper:]'); \
	     echo "static const char SQL_$$name[] ="; \
	     sed -e '/^ *--/d' -e '/^ *$$/d' -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n"/' "$$file"; \
	     echo '    ;'; \
	   done; \
	 } >$@.new && mv $@.new $@

# The console's one stylesheet, as it is.
$(BUILD)/server/console/screens.o: $(BUILD)/generated/style.h
$(BUILD)/generated/style.h: server/console/style.css Makefile
	@mkdir -p $(@D)
	@{ echo '/* Made from $< by the Makefile. */'; \
	   echo 'static const char STYLE[] ='; \
	   sed -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n"/' $<; \
	   echo '    ;'; \
	 } >$@.new && mv $@.new $@

-include $(wildcard $(BUILD)/server/*.d $(BUILD)/server/*/*.d)

# ---- programs of the tests: tests/unit/NAME_test.c and tests/fuzz/fuzz_NAME.c ----
# They link archives of all modules but main, so a test may bring its own stand-in for a
# module: the archive's is then left out.

HELPERS    := $(filter-out %_test.c,$(wildcard tests/unit/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: unit-tests fuzzers
unit-tests: $(UNIT_TESTS)

# With clang, and fuzzer-no-link among the sanitizers: see tests/fuzz/run.
fuzzers: $(FUZZERS)

$(BUILD)/tests/parts.a: $(call objects,server) $(HELPERS:%.c=$(BUILD)/%.o)
	@mkdir -p $(@D)
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $^

$(BUILD)/tests/console.a: $(filter-out %/main.o,$(call objects,server/console))
	@mkdir -p $(@D)
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $^

PARTS := $(BUILD)/tests/parts.a $(BUILD)/tests/console.a $(call archives,database protocol web lib)

$(BUILD)/tests/%_test: $(BUILD)/tests/unit/%_test.o $(PARTS)
	@echo "  link     $@"
	$(QUIET)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(ALL_LIBS) $(CRYPT) \
	  $$(pkg-config --libs cmocka)

# What stands in for the database, and for time that passes.
$(BUILD)/tests/switchboard_test: $(BUILD)/tests/unit/stand_in/db.o \
                                 $(BUILD)/tests/unit/stand_in/virtual_time.o
$(BUILD)/tests/metrics_test $(BUILD)/tests/users_test $(BUILD)/tests/kept_test: \
    $(BUILD)/tests/unit/stand_in/virtual_time.o

$(BUILD)/tests/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(PARTS)
	@echo "  link     $@"
	$(QUIET)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(ALL_LIBS)

.SECONDARY:
$(BUILD)/tests/%.o: tests/%.c Makefile | $(BUILD)/tools
	@mkdir -p $(@D)
	@echo "  compile  $<"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(call includes,tests) -Itests/unit -MMD -MP -c -o $@ $<

-include $(wildcard $(BUILD)/tests/unit/*.d $(BUILD)/tests/unit/*/*.d $(BUILD)/tests/fuzz/*.d)

# ---- what people type ----
# Each target here is a script below server/tools/, tests/ or migrations/; variables given on the
# command line, such as FROM=..., reach it as environment.

export BUILD

.PHONY: help run call request psql migrate check test test-all test-rest test-fresh test-compose fuzz bench soak lint format clean \
        tests server docs sql migrations

## make                          build build/number-masking
## make run [LISTEN=...]          everything on this machine: install, build, database, server, console
## make call FROM=... [TO=... CALLEE=busy]   play a call through, beside make run; CALLEE=? lists the words
## make call FROM=... URL=https://... [CA=...]   the same through the TLS of a server elsewhere
## make request ORDER=... SIDE=agent [FIRST=busy CALLEE=busy]   have a call placed and played, beside make run; FIRST=? lists the words
## make psql [ROLE=...]          the database of make run, as masking_orders or ROLE
## make migrate DATABASE_URL=... [SAMPLE_PAIRS=yes]   create or update the schema there
## make check                    the tests of what a change breaks most, in three minutes
## make test                     every suite once, in ten; ends with "N passed, N failed"
## make test-all                 that, and the repeats, in half an hour: sanitizers, PostgreSQL versions, arm64
## make test-NAME [T=...]        one suite (lint, unit, db, http, ...), or one test of it
## make fuzz                     the parsers on random input, a minute each
## make bench [ARGUMENTS="--rounds 3"]   speed beside peers and limits, or --growth; a table
## make soak [MINUTES=10]        random faults under load, and every call accounted for
## make lint, make format        check the sources, lay out the C
## make clean                    remove build/, with the database of make run
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

run:
	@server/tools/run

call:
	@[ -x /usr/bin/python3 ] || \
	  { echo "No server runs here (python3 is missing). Start one, in another terminal, with: make run" >&2; exit 1; }
	@server/tools/call

request:
	@[ -x /usr/bin/python3 ] || \
	  { echo "No server runs here (python3 is missing). Start one, in another terminal, with: make run" >&2; exit 1; }
	@server/tools/request

psql:
	@server/tools/psql

migrate:
	@server/tools/install migrate
	@migrations/migrate

# Folders, of which make would say that there is nothing to be done.
tests: test
server: build
docs:
	@echo "docs/ is read as it is. make test-docs runs what it shows." >&2; exit 1
sql migrations:
	@echo "make migrate DATABASE_URL=... puts $@/ into a database; make run has one of its own." >&2; exit 1

.DEFAULT:
	@echo "make $@? Nothing is called so here. make help lists what there is." >&2; exit 2

TEST_PACKAGES := build migrate run lint test console

check test:
	@server/tools/install $(TEST_PACKAGES)
	@tests/run $@

test-all:
	@server/tools/install $(TEST_PACKAGES)
	@tests/run test rest

test-rest:
	@server/tools/install $(TEST_PACKAGES)
	@tests/run rest

test-fresh:
	@tests/fresh-debian

test-compose:
	@server/tools/install $(TEST_PACKAGES) compose
	@tests/run compose

test-%:
	@grep -q 'Suite("$*"' tests/run || \
	  { echo "make $@? No suite is called so. tests/README.md lists them, make help the rest." >&2; exit 2; }
	@server/tools/install $(TEST_PACKAGES)
	@tests/run $*

fuzz:
	@server/tools/install build test
	@tests/fuzz/run 60

bench:
	@server/tools/install build migrate run bench
	@$(MAKE) --no-print-directory $(BUILD)/number-masking
	@tests/bench/run $(ARGUMENTS)

soak:
	@server/tools/install build migrate run test
	@$(MAKE) --no-print-directory $(BUILD)/number-masking
	@tests/soak/run $(MINUTES)

lint: test-lint

format:
	@server/tools/install lint
	@clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

clean:
	@! [ -e $(BUILD)/try/lock ] || flock --nonblock $(BUILD)/try/lock true || \
	  { echo "make run is running here: stop it first" >&2; exit 1; }
	@! [ -d $(BUILD)/try/cluster ] || server/tools/cluster stop $(BUILD)/try/cluster
	rm -rf $(BUILD)
