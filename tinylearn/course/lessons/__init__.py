"""The lessons as web pages: each notebook as it ran, for any browser and without a network."""
