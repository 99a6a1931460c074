//! Expected values were computed with Python's hashlib, hmac and base64.

use super::*;
use crate::schemes::construction::{Construction, Scratch, Verdict};

fn read(expression: &str, credential: &Credential<'_>) -> Result<Box<dyn Construction>, Refusal> {
    Expression::parse(expression).unwrap().read(credential, &Limits::default())
}
