"""Tests of plait; docs/style.md, section 11, says what belongs where."""
