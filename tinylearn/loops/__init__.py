"""Loops: how a kernel runs. Moves have become index arithmetic; transforms reshape the loops."""
