#!/bin/sh
# Simulates SCENARIO again and compares with the batch that BASELINE.db holds.
# usage: gate.sh PROGRAM SCENARIO BASELINE.db 'makespan > +5%'
# Exit code 5: significantly worse than the rule allows. now.db and compare.txt stay for a look.
set -eu
program=$1 scenario=$2 baseline=$3 rule=$4

cp "$baseline" now.db
"$program" run "$scenario" --db now.db
status=0
"$program" compare now.db 1 last --fail-if "$rule" > compare.txt || status=$?
cat compare.txt
exit "$status"
