"""A training while it runs and afterwards: curves, histograms, small figures."""
