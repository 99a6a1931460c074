//! From a typed name and password to a decision: look up, verify, record; within the deadline.
