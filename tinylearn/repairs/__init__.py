"""The words of errors: what the user wrote, and the expression to write instead."""
