"""The schedule: what runs together, and why. Rules decide, and every decision is recorded.

As a function, tl.schedule(x) puts the loops of one kernel into your hands:
tl.schedule(x).split("i", 64).vectorize("ii"); see tinylearn/viz/faces/by_hand.py.
"""
