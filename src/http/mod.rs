//! The listeners: the hook, which the internet may reach, and the private one for health and metrics.
