"""What a reader sees: live HTML, SVG, text, films side by side, other tools."""
