"""The frameworks themselves, one file each: `run(params, x, weight)` in the framework's own words and layout.

x is (N, C, *spatial), the result (N, C_out, *spatial): moving these axes is all that is done here. Nothing of deconvs
is imported, and each framework only when it is first run.
"""
