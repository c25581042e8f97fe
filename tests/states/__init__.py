"""The table of states, walked: start at test_run_table.py."""
