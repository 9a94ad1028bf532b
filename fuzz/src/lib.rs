//! Properties (placeholder until the first one lands).
