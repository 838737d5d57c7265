"""Rendering: a kernel's loops as the text of a language."""
