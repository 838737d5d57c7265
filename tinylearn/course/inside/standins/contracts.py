"""Contracts are checked beside the student and by the grader, not in a sandbox: none is here."""
