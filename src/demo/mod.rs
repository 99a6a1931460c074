//! The sample legacy store and the imitation Okta org, for the demo, for tests, and to develop against.
