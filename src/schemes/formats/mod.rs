//! One file per family of formats: reads a stored value of that format into a construction.
