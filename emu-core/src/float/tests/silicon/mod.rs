//! The host's own x87 and SSE units as the judges, with every control word. Beside `mem`, the one place where `unsafe`
//! is allowed, in tests alone: inline assembly is how to reach those units as they are.
//!
//! `ANACHRON_FLOAT_CASES=3000000 cargo test -p emu-core --lib float::tests::silicon` for a longer run.

mod sse;
mod transcendental;
mod x87;
