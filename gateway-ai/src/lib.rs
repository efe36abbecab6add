//! gateway-ai
