"""The parts of Benchmarks/bench: contenders, processes, the load, the measurements."""
