//! Logging: one line an event, text or JSON.
