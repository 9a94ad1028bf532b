//! Exact times.
