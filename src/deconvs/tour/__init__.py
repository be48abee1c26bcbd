"""deconvs tour."""
