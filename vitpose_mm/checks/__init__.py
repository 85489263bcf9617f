"""What is checked before a run: one sentence that names the value and the fix, instead of a traceback in an hour."""
