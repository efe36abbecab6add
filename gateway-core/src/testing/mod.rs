//! Probes and the contract harness (feature `test-util`).
